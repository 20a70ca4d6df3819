/**
 * The live view as a program of its own over a synthetic session, so that a test can run it in a terminal with data it
 * knows. The first argument chooses the story; the program of the product is bin/prof-tui.js.
 */
import { pickUntilShown } from '../../src/commands/pick.ts';
import { CommandOutput } from '../../src/engine/command-output.ts';
import { TargetRefused } from '../../src/engine/target.ts';
import { describe } from '../../src/engine/warnings.ts';
import type { ViewedCommand } from '../../src/tui/launched-command.ts';
import { runLiveView } from '../../src/tui/run.tsx';
import { runPicker } from '../../src/tui/run-picker.tsx';
import type { ViewFiles } from '../../src/tui/view-files.ts';
import { syntheticProcesses } from './synthetic-processes.ts';
import {
  hostilePlaces,
  hostileStacks,
  hostileTarget,
  laterStacks,
  nodeStacks,
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

/** Forty seconds of a run whose baseline was marked half-way; then everything stands still. */
function feedTimed(): void {
  for (let second = 0; second < 40; second++) {
    if (second === 20) session.profile.markBaseline();
    session.feeder.add(second < 20 ? serverStacks : laterStacks);
    session.feeder.advance(second === 39 ? 0 : 1e9);
  }
}

/** More than one thing that is degraded, by what the engine itself says of it. */
function warn(): void {
  session.feeder.add(serverStacks);
  const fellBack = describe({
    code: 'fell-back',
    asked: 'cpu',
    running: 'ctimer',
    because: 'perf_event_paranoid=2',
    cure: 'sudo sysctl kernel.perf_event_paranoid=1',
  });
  const lost = describe({ code: 'records-lost', lost: 1234, hz: 999 });
  session.tick({
    asked: 'cpu',
    planned: 'ctimer',
    running: 'ctimer',
    mechanism: 'timer_create in the target',
    kernelPart: 'not-seen',
    warnings: [fellBack, lost, ...session.status.warnings],
  });
}

/** A command with more output than a panel has lines. */
const command: ViewedCommand = {
  name: 'server',
  output: new CommandOutput(),
  suspend: () => {},
  resume: () => {},
  finish: () => Promise.resolve(''),
};
command.output.append(Buffer.from(Array.from({ length: 90 }, (_, at) => `said ${at + 1}\n`).join('')));

/** Keeps nothing: the names of files are those of the test. */
const files: ViewFiles = {
  suggestExport: () => 'prof-tui-node-4242.html',
  export: (path) => Promise.resolve(`html written to ${path}`),
  toggleRecording: () => 'recording to prof-tui-node-4242.proftui',
  isRecording: false,
  onNews: () => {},
  finish: () => Promise.resolve(''),
};

/** The first process that is picked has ended when it is attached to; the second one is shown. */
async function pickFromEnded(show: () => Promise<unknown>): Promise<void> {
  let attempts = 0;
  await pickUntilShown(
    (start) => runPicker(syntheticProcesses, screen, start),
    async (pid) => {
      if (attempts++ === 0) throw new TargetRefused(`no such process: ${pid}`, 3);
      await show();
    },
  );
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
  node: () => {
    session.feeder.add(nodeStacks);
    session.tick({ runtime: 'Node.js 20.20.2 / V8 11.3.244' });
  },
  timed: feedTimed,
  warned: warn,
  launched: () => session.feeder.add(serverStacks),
  picker: () => {},
  'picker-late': () => session.feeder.add(serverStacks),
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
    const feeding = setInterval(feedMany, 100);
    // From this signal on nothing changes any more.
    process.on('SIGUSR2', () => clearInterval(feeding));
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

const screen = {
  ascii: flags.includes('--ascii'),
  theme: flags.includes('--no-color') ? 'none' : '16',
  // Native code is not part of this program; the guard is tested with the real one.
  crashGuard: { arm: () => {}, release: () => {} },
} as const;

try {
  const show = () =>
    runLiveView(session, {
      ...screen,
      version: 'test',
      files,
      command: story === 'launched' ? command : undefined,
    });
  if (story === 'picker') await runPicker(syntheticProcesses, screen);
  else if (story === 'picker-late') await pickFromEnded(show);
  else await show();
  process.stdout.write(`stops: ${session.stops}\nlongest gap: ${Math.round(longestGapMs)} ms\n`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`prof-tui: ${(error as Error).message}\n`);
  process.exit(1);
}
