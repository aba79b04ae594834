import { ledgerSigner } from '../../custody/crypto/ledger-signer.ts'
import { readChainHeads } from '../../ledger/query/chain-heads.ts'
import { defineLedgerCommand, defineNoun, defineStoreCommand } from '../define-command.ts'
import { keyValueLines } from '../output/table.ts'
import { exportEntries } from './ledger-export.ts'
import { pruneCommand } from './ledger-prune.ts'
import { list, show } from './ledger-search.ts'
import { verify } from './ledger-verify.ts'

const head = defineLedgerCommand({
  usage: 'head',
  summary: 'print the latest entry of each writer; kept elsewhere, it shows later what was cut off',
  run: ({ database }) => ({ heads: readChainHeads(database) }),
  text: ({ heads }) =>
    heads
      .map(({ writer, seq, hash }) =>
        keyValueLines([
          ['writer', writer],
          ['seq', String(seq)],
          ['hash', hash]
        ])
      )
      .join('\n')
})

const publicKey = defineStoreCommand({
  usage: 'public-key',
  summary: 'print the key that checks the signatures of the ledger (Ed25519, PEM)',
  async run({ masterKey }) {
    const { publicKey, publicKeyPem } = ledgerSigner(await masterKey())
    return { algorithm: 'Ed25519', public_key: publicKey, pem: publicKeyPem }
  },
  text: ({ pem }) => pem
})

/** All but `public-key` and `prune` read the ledger and write nothing. */
export const ledgerCommand = defineNoun(
  'ledger',
  'the record of every call: search, verify, export and prune it',
  [list, show, verify, head, publicKey, exportEntries, pruneCommand]
)
