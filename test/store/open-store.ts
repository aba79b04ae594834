/** A process that opens the store it is given and says so. */
import { openStore } from '../../src/store/store.ts'

const store = await openStore(process.argv[2] ?? '')
console.log('open')
store.close()
