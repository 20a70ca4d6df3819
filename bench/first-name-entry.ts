/**
 * Attaches to a process as the program does, and prints after how much time capture ran and its profile held the first
 * function of a language runtime. Arguments: the addon, the built symbolizer worker, pid, engine.
 */
import nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Native } from '../src/engine/native.ts';
import { CaptureSession } from '../src/engine/session.ts';
import { type EngineAsk, engineAsks } from '../src/engine/status.ts';
import { describeTarget } from '../src/engine/target.ts';
import type { Profile } from '../src/profile/profile.ts';

const [addon = '', worker = '', pid, engine] = process.argv.slice(2);
const asked = engineAsks.find((each): each is EngineAsk => each === engine);
if (asked === undefined) throw new Error(`no engine ${engine}`);
// A bundle has no package around it to find the addon in.
const native = nodeModule.createRequire(import.meta.url)(addon) as Native;
const target = describeTarget(Number(pid));

const startMs = performance.now();
const startCpu = process.cpuUsage();
const session = await CaptureSession.start({
  target,
  asked,
  strict: true,
  mayInject: true,
  frequencyHz: 99,
  native,
  workerUrl: pathToFileURL(worker),
});
const runningMs = performance.now() - startMs;
const namedMs = await firstNamed();
const { user, system } = process.cpuUsage(startCpu);
await session.stop();
process.stdout.write(`${JSON.stringify({ runningMs, namedMs, cpuMs: (user + system) / 1000 })}\n`);

/** Each time that the session publishes, as the screen would look. */
function firstNamed(): Promise<number> {
  return new Promise((resolve) => {
    const look = () => {
      if (!hasRuntimeName(session.profile)) return;
      unsubscribe();
      resolve(performance.now() - startMs);
    };
    const unsubscribe = session.subscribe(look);
  });
}

function hasRuntimeName({ tree }: Profile): boolean {
  for (let node = 0; node < tree.nodeCount; node++) {
    if (tree.functionOf(node).runtime !== undefined) return true;
  }
  return false;
}
