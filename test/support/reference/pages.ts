import { version } from '../../../src/base/version.ts'
import { commandsPage } from './commands-page.ts'
import { ledgerPage } from './ledger-page.ts'
import { problemsPage } from './problems-page.ts'
import { routesPage } from './routes-page.ts'
import { settingsPage } from './settings-page.ts'

/** The pages of `docs/reference/` by their file names. Each call returns the same text for the same program. */
export const referencePages: Readonly<Record<string, () => string | Promise<string>>> = {
  'settings.md': settingsPage,
  'commands.md': commandsPage,
  'routes.md': () => routesPage(version),
  'problems.md': () => problemsPage(version),
  'ledger.md': ledgerPage
}
