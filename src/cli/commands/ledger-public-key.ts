import type { Command } from 'commander'
import { ledgerSigner } from '../../custody/crypto/ledger-signer.ts'
import type { ProcessContext } from '../context.ts'
import { type ConfigOptions, withConfigOptions } from '../input/options.ts'
import { print } from '../output/print.ts'
import { withStore } from '../with-store.ts'

/** `ledger public-key`: what whoever checks the ledger needs to tell its signatures from a forger's. */
export function addPublicKey(noun: Command, context: ProcessContext): void {
  const command = noun
    .command('public-key')
    .description('print the key that checks the signatures of the ledger (Ed25519, PEM)')
  withConfigOptions(command).action(async (options: ConfigOptions) => {
    const signer = await withStore(context, options, async ({ masterKey }) => ledgerSigner(masterKey()))
    const { publicKey, publicKeyPem } = signer
    print(context, options, { algorithm: 'Ed25519', public_key: publicKey, pem: publicKeyPem }, publicKeyPem)
  })
}
