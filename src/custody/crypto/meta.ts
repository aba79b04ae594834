import type { DatabaseSync } from 'node:sqlite'

type Name = 'master_key_check' | 'root_key' | 'credential_manifest'

/** One value that the store keeps for all of custody. */
export function readMeta(raw: DatabaseSync, name: Name): string | undefined {
  return raw.prepare('SELECT value FROM meta WHERE key = ?').get(name)?.['value'] as string | undefined
}

export function writeMeta(raw: DatabaseSync, name: Name, value: string): void {
  raw
    .prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
    .run(name, value)
}
