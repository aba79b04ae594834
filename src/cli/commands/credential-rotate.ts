import { type Command, Option } from 'commander'
import type { CredentialRow } from '../../custody/manage/credential-rows.ts'
import { readVerified } from '../../custody/manage/manifest.ts'
import { requireCredential, rotateCredential } from '../../custody/manage/operations.ts'
import { changeCredentials } from '../../custody/manage/transaction.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import type { ProcessContext } from '../context.ts'
import { defineStoreCommand } from '../define-command.ts'
import { type KeyOptions, withKeyOptions, withNewVersion } from '../input/key.ts'
import { durationMs } from '../input/time-options.ts'
import { verifyNewKey } from '../input/verify-new-key.ts'
import { shortTime } from '../output/table.ts'
import type { OpenedStore } from '../with-store.ts'

type RotateOptions = KeyOptions & { readonly grace: number; readonly proof: boolean }

const hourMs = durationMs('1h')

/** `credential rotate`: verifies the new key upstream, and only then replaces the old one. */
export function rotate(context: ProcessContext): Command {
  return defineStoreCommand(context, {
    usage: 'rotate <name>',
    summary: 'replace the key of a credential, once the upstream has accepted the new one',
    declare: command =>
      withKeyOptions(
        command
          .addOption(
            new Option('--grace <duration>', 'how long to keep the old key, in case the new one is rejected')
              .argParser(durationMs)
              .default(hourMs, '1h')
          )
          .option('--no-proof', 'do not try the new key upstream first')
      ),
    run: (opened, options: RotateOptions, name) => replaceKey(context, opened, name, options),
    json: ({ rotated }) => rotated,
    text({ rotated, dropped }) {
      const { credential, version, fingerprint, standby, standby_until, echoed } = rotated
      const kept = standby ? `; version ${standby} is kept until ${standby_until}` : ''
      const leak = echoed
        ? 'The answer of the upstream contained the new key: rotate again, and report the leak to the upstream.\n'
        : ''
      return `Credential ${credential} is at version ${version} (${fingerprint})${kept}.\n${leak}${dropped}`
    }
  })
}

async function replaceKey(
  context: ProcessContext,
  opened: OpenedStore,
  name: string,
  options: RotateOptions
) {
  const { grace, proof } = options
  const { records } = readVerified(opened.store.raw, await opened.masterKey())
  const before = requireCredential(records, name)
  return await withNewVersion(context, options, opened, async ({ version, material }) => {
    const echoed =
      proof && (await verifyNewKey(context, opened, { material, name, version: before.latest + 1 }))
    const custody = await opened.custody()
    const rotated = {
      credential: name,
      version: changeCredentials(custody, rotateCredential, name, version, grace).version,
      source: shownReference(version.source),
      fingerprint: version.fingerprint,
      proven: proof,
      ...(echoed && { echoed }),
      standby: grace > 0 ? before.active : null,
      standby_until: grace > 0 ? new Date(custody.at.getTime() + grace).toISOString() : null
    }
    return { rotated, dropped: droppedText(before, custody.at) }
  })
}

/** One version is kept beside the active one: a second rotation within the grace period drops the first. */
function droppedText({ standby, standby_until }: CredentialRow, at: Date): string {
  if (standby === null || standby_until === null || standby_until <= at.toISOString()) return ''
  return `Version ${standby}, which was to be kept until ${shortTime(standby_until)}, is gone.\n`
}
