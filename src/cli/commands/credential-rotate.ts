import { type Command, Option } from 'commander'
import type { CredentialRow } from '../../custody/manage/credential-rows.ts'
import { readProven } from '../../custody/manage/manifest.ts'
import { requireCredential, rotateCredential } from '../../custody/manage/operations.ts'
import { changeCredentials } from '../../custody/manage/transaction.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import type { ProcessContext } from '../context.ts'
import { type KeyOptions, newVersionInput, withKeyOptions } from '../input/key.ts'
import { withConfigOptions } from '../input/options.ts'
import { durationMs } from '../input/time-options.ts'
import { verifyNewKey } from '../input/verify-new-key.ts'
import { print } from '../output/print.ts'
import { shortTime } from '../output/table.ts'
import { type OpenedStore, withStore } from '../with-store.ts'

type RotateOptions = KeyOptions & { readonly grace: number; readonly proof: boolean }

const hourMs = durationMs('1h')

/** `credential rotate`: proves the new key upstream, and only then puts it in the place of the old one. */
export function addRotate(noun: Command, context: ProcessContext): void {
  const rotate = noun
    .command('rotate')
    .description('replace the key of a credential, once the upstream has taken the new one')
    .argument('<name>')
    .addOption(
      new Option(
        '--grace <duration>',
        'how long the old key is kept, to go back to if the new one is refused'
      )
        .argParser(durationMs)
        .default(hourMs, '1h')
    )
    .option('--no-proof', 'do not try the new key upstream first')
  withConfigOptions(withKeyOptions(rotate)).action(async (name: string, options: RotateOptions) => {
    const { rotated, before } = await withStore(context, options, opened =>
      rotateIn(context, opened, name, options)
    )
    const { version, fingerprint, standby, echoed } = rotated
    const shown = echoed ? 'The answer of the upstream held the new key: rotate again, and tell them.\n' : ''
    const kept = standby ? `; version ${standby} is kept until ${rotated.standby_until}` : ''
    print(
      context,
      options,
      rotated,
      `Credential ${name} is at version ${version} (${fingerprint})${kept}.\n${shown}${goneText(before)}`
    )
  })
}

async function rotateIn(context: ProcessContext, opened: OpenedStore, name: string, options: RotateOptions) {
  const { records } = readProven(opened.store.raw, opened.masterKey())
  const before = requireCredential(records, name)
  const { latest, active } = before
  const { version, material } = await newVersionInput(context, options, opened)
  try {
    const key = { material, name, version: latest + 1 }
    const echoed = options.proof && (await verifyNewKey(context, opened, key))
    const custody = opened.custody()
    const rotated = changeCredentials(custody, rotateCredential, name, version, options.grace)
    const keepsStandby = options.grace > 0
    const view = {
      credential: name,
      version: rotated.version,
      source: shownReference(version.source),
      fingerprint: version.fingerprint,
      proven: options.proof,
      ...(echoed && { echoed }),
      standby: keepsStandby ? active : null,
      standby_until: keepsStandby ? new Date(custody.at.getTime() + options.grace).toISOString() : null
    }
    return { rotated: view, before: { ...before, at: custody.at } }
  } finally {
    version.secret?.fill(0)
    material.discard()
  }
}

/** One version is kept beside the active one: a second rotation within the grace period lets the first go. */
function goneText({ standby, standby_until, at }: CredentialRow & { readonly at: Date }): string {
  if (standby === null || standby_until === null || standby_until <= at.toISOString()) return ''
  return `Version ${standby}, which was to be kept until ${shortTime(standby_until)}, is gone.\n`
}
