import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { referencePages } from './pages.ts'

/** `npm run reference`: writes the pages of `docs/reference/`. */
const folder = join(import.meta.dirname, '..', '..', '..', 'docs', 'reference')
for (const [name, make] of Object.entries(referencePages)) writeFileSync(join(folder, name), await make())
console.log(`${Object.keys(referencePages).join(', ')} are written.`)
