import { Command } from 'commander'
import { ledgerSigner } from '../../custody/crypto/ledger-signer.ts'
import { readChainHeads } from '../../ledger/query/chain-heads.ts'
import type { ProcessContext } from '../context.ts'
import { defineLedgerCommand, defineStoreCommand } from '../define-command.ts'
import { keyValueLines } from '../output/table.ts'
import { exportEntries } from './ledger-export.ts'
import { pruneCommand } from './ledger-prune.ts'
import { list, show } from './ledger-search.ts'
import { verify } from './ledger-verify.ts'

/** `ledger list | show | verify | head | public-key | export`: read the ledger, never write it. And `ledger prune`. */
export function ledgerCommand(context: ProcessContext): Command {
  const head = defineLedgerCommand(context, {
    usage: 'head',
    summary: 'print the latest entry of each writer; kept elsewhere, it shows later what was cut off',
    run: database => ({ heads: readChainHeads(database) }),
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
  const publicKey = defineStoreCommand(context, {
    usage: 'public-key',
    summary: 'print the key that checks the signatures of the ledger (Ed25519, PEM)',
    async run({ masterKey }) {
      const { publicKey, publicKeyPem } = ledgerSigner(await masterKey())
      return { algorithm: 'Ed25519', public_key: publicKey, pem: publicKeyPem }
    },
    text: ({ pem }) => pem
  })
  return new Command('ledger')
    .description('the record of every call: search, verify, export and prune it')
    .addCommand(list(context))
    .addCommand(show(context))
    .addCommand(verify(context))
    .addCommand(head)
    .addCommand(publicKey)
    .addCommand(exportEntries(context))
    .addCommand(pruneCommand(context))
}
