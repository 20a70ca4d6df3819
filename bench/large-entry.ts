/**
 * The live view as a program of its own over a large profile that grows. Arguments: stacks at the beginning, updates a
 * second, new and known stacks sampled at each.
 */
import { runLiveView } from '../src/tui/run.tsx';
import { LargeSession } from './large-session.ts';

const [stacks = 0, updates = 0, newStacks = 0, knownStacks = 0] = process.argv.slice(2).map(Number);
const session = new LargeSession({ stacks, depth: 18 });
const everyMs = 1000 / updates;
setInterval(() => {
  session.grow(newStacks, knownStacks, everyMs);
  const { samples, elapsedNs } = session.status;
  session.tick({ samples: samples + newStacks + knownStacks, elapsedNs: elapsedNs + everyMs * 1e6 });
}, everyMs);

await runLiveView(session, {
  ascii: false,
  theme: '16',
  version: 'bench',
  // Native code is not part of this program.
  crashGuard: { arm: () => {}, release: () => {} },
});
process.exit(0);
