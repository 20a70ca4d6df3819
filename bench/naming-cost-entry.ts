/** Prints what samples of a process cost natively, as JSON. Arguments: the addon, native engine, Hz, pid. */
import nodeModule from 'node:module';
import type { Native } from '../src/engine/native.ts';
import { type DrainEngine, measureDrainCost } from './drain-cost.ts';

const [addon = '', engine, hz, pid] = process.argv.slice(2);
// A bundle has no package around it to find the addon in.
const native = nodeModule.createRequire(import.meta.url)(addon) as Native;
const cost = await measureDrainCost(native, Number(pid), engine as DrainEngine, Number(hz));
process.stdout.write(`${JSON.stringify(cost)}\n`);
