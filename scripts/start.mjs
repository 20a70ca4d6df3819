/**
 * `npm start [-- ARGS]`: brings the build up to date, then becomes prof-tui with these arguments (`demo` without
 * any). The program is loaded into this very process, so that its terminal, signals, job control and exit code
 * need no forwarding.
 */
import { ensureBuilt, orExit } from './build.mjs';
import { root } from './stamp.mjs';

await orExit(ensureBuilt);
const args = process.argv.slice(2);
process.argv = [process.execPath, `${root}bin/prof-tui.js`, ...(args.length > 0 ? args : ['demo'])];
await import('../bin/prof-tui.js');
