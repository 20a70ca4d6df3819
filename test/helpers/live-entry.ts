/**
 * The live view as a program of its own over a synthetic session, so that a test can run it in a terminal with data it
 * knows. The first argument chooses the story; the program of the product is bin/prof-tui.js.
 */
import { runLiveView } from '../../src/tui/run.tsx';
import {
  hostilePlaces,
  hostileStacks,
  hostileTarget,
  SyntheticSession,
  serverStacks,
} from './synthetic-session.ts';

const [story = 'live', ...flags] = process.argv.slice(2);
const session = new SyntheticSession();

function feed(): void {
  session.feeder.advance(100e6);
  session.feeder.add(serverStacks);
  const samples = session.status.samples + 100;
  session.tick({ samples, elapsedNs: session.status.elapsedNs + 100e6 });
}

function breakStatus(): void {
  Object.defineProperty(session, 'status', {
    get() {
      throw new Error('status broke');
    },
  });
  session.feeder.add([{ stack: ['late'], samples: 1 }]);
  session.tick();
}

/** Sixty functions whose shares change at every tick: each frame is several kilobytes. */
function feedMany(): void {
  session.feeder.advance(100e6);
  const turn = session.status.samples;
  const lines = Array.from({ length: 60 }, (_, i) => ({
    stack: ['main', `function_${i}`],
    samples: 1 + ((i * 7919 + turn) % 13),
  }));
  session.feeder.add(lines);
  session.tick({ samples: turn + 31, elapsedNs: session.status.elapsedNs + 100e6 });
}

/** The longest time the event loop was held: a timer of 20 ms that came late. */
let longestGapMs = 0;
let lastBeat = performance.now();
setInterval(() => {
  longestGapMs = Math.max(longestGapMs, performance.now() - lastBeat);
  lastBeat = performance.now();
}, 20).unref();

const soonMs = 300;
const stories: Readonly<Record<string, () => void>> = {
  still: () => session.feeder.add(serverStacks),
  empty: () => {},
  one: () => session.feeder.add([{ stack: ['main', 'work'], samples: 1 }]),
  wide: () =>
    session.feeder.add([
      { stack: ['main', 'busy'], samples: 5000 },
      ...Array.from({ length: 10_000 }, (_, i) => ({ stack: ['main', `child_${i}`], samples: 1 })),
    ]),
  deep: () =>
    session.feeder.add([
      { stack: Array.from({ length: 5000 }, (_, i) => `level_${i}`), samples: 60 },
      { stack: ['level_0', 'other'], samples: 40 },
    ]),
  hostile: () => session.feeder.add(hostileStacks),
  'hostile-places': () => {
    session.feeder.add(hostilePlaces);
    session.tick({ target: hostileTarget });
  },
  live: () => {
    session.feeder.add(serverStacks);
    setInterval(feed, 100);
  },
  many: () => {
    feedMany();
    setInterval(feedMany, 100);
  },
  ends: () => {
    session.feeder.add(serverStacks);
    setTimeout(() => session.tick({ state: 'ended', endReason: 'target exited' }), soonMs);
  },
  'late-names': () => {
    session.feeder.add(serverStacks, false);
    // The names come when the test has looked at the addresses and moved the cursor: on a signal.
    process.on('SIGUSR2', () => {
      session.feeder.nameAll();
      session.tick();
    });
  },
  'throws-in-render': () => void setTimeout(breakStatus, soonMs),
  'throws-in-timer': () =>
    void setTimeout(() => {
      throw new Error('timer broke');
    }, soonMs),
  rejects: () => void setTimeout(() => void Promise.reject(new Error('promise broke')), soonMs),
  talks: () => {
    session.feeder.add(serverStacks);
    setTimeout(() => {
      process.stderr.write('a word on stderr\n');
      process.emitWarning('a warning of node');
      // Node prints its warning in the next turn; after that the screen says that the story is over.
      setTimeout(() => session.tick({ threadCount: 5 }), soonMs);
    }, soonMs);
  },
};
stories[story]?.();

try {
  await runLiveView(session, {
    ascii: flags.includes('--ascii'),
    theme: flags.includes('--no-color') ? 'none' : '16',
    version: 'test',
    // Native code is not part of this program; the guard is tested with the real one.
    crashGuard: { arm: () => {}, release: () => {} },
  });
  process.stdout.write(`stops: ${session.stops}\nlongest gap: ${Math.round(longestGapMs)} ms\n`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`prof-tui: ${(error as Error).message}\n`);
  process.exit(1);
}
