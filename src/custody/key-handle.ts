import type { KeyMaterial } from './key-material.ts'
import { labelOf } from './manage/versions.ts'

/** One version of a credential, with its key. */
export type HeldVersion = {
  readonly version: number
  /** `sealed`, or a reference. */
  readonly source: string
  readonly material: KeyMaterial
}

/** The right to send one call with one version of a credential. Release it. */
export class KeyHandle {
  readonly name: string
  readonly version: number
  /** How the ledger names the version, `name@version`. */
  readonly label: string
  readonly #material: KeyMaterial

  constructor(name: string, { version, material }: Pick<HeldVersion, 'version' | 'material'>) {
    material.retain()
    this.name = name
    this.version = version
    this.label = labelOf(name, version)
    this.#material = material
  }

  /** Calls back with the key, which must go to the upstream and nowhere else. */
  use<T>(callback: (secret: string) => T): T {
    return this.#material.use(callback)
  }

  release(): void {
    this.#material.release()
  }
}
