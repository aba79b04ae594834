import type { CredentialRow } from '../../custody/manage/credential-rows.ts'
import { readVerified } from '../../custody/manage/manifest.ts'
import { requireCredential, rotateCredential } from '../../custody/manage/operations.ts'
import { changeCredentials } from '../../custody/manage/transaction.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import { defineStoreCommand } from '../define-command.ts'
import { keyOptions, withNewVersion } from '../input/key.ts'
import { flagWithout, optionOr } from '../input/options.ts'
import { durationMs } from '../input/time-options.ts'
import { verifyNewKey } from '../input/verify-new-key.ts'
import { shortTime } from '../output/table.ts'

/** `credential rotate`: verifies the new key upstream, and only then replaces the old one. */
export const rotate = defineStoreCommand({
  usage: 'rotate <name>',
  summary: 'replace the key of a credential, once the upstream has accepted the new one',
  options: {
    grace: optionOr(
      '1h',
      '<duration>',
      'how long to keep the old key, in case the new one is rejected',
      durationMs
    ),
    proof: flagWithout('do not try the new key upstream first'),
    ...keyOptions
  },
  async run(opened, options, name) {
    const { grace, proof } = options
    const { records } = readVerified(opened.store.raw, await opened.masterKey())
    const before = requireCredential(records, name)
    return await withNewVersion(opened, options, async ({ version, material }) => {
      const echoed = proof && (await verifyNewKey(opened, { material, name, version: before.latest + 1 }))
      const custody = await opened.custody()
      const rotated = {
        credential: name,
        version: changeCredentials(custody, rotateCredential, name, version, grace),
        source: shownReference(version.source),
        fingerprint: version.fingerprint,
        proven: proof,
        ...(echoed && { echoed }),
        standby: grace > 0 ? before.active : null,
        standby_until: grace > 0 ? new Date(custody.at.getTime() + grace).toISOString() : null
      }
      return { rotated, dropped: droppedText(before, custody.at) }
    })
  },
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

/** One version is kept beside the active one: a second rotation within the grace period drops the first. */
function droppedText({ standby, standby_until }: CredentialRow, at: Date): string {
  if (standby === null || standby_until === null || standby_until <= at.toISOString()) return ''
  return `Version ${standby}, which was to be kept until ${shortTime(standby_until)}, is gone.\n`
}
