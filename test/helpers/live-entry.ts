/**
 * The live view as a program of its own over a synthetic session, so that a test can run it in a terminal with data it
 * knows. The first argument chooses the story; the program of the product is bin/prof-tui.js.
 */
import { loadNative } from '../../src/engine/native.ts';
import { runLiveView } from '../../src/tui/run.tsx';
import { hostileStacks, SyntheticSession, serverStacks } from './synthetic-session.ts';

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

const soonMs = 300;
const stories: Readonly<Record<string, () => void>> = {
  still: () => session.feeder.add(serverStacks),
  hostile: () => session.feeder.add(hostileStacks),
  live: () => {
    session.feeder.add(serverStacks);
    setInterval(feed, 100);
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
    }, soonMs);
  },
};
stories[story]?.();

try {
  const native = loadNative();
  await runLiveView(session, {
    ascii: flags.includes('--ascii'),
    color: !flags.includes('--no-color'),
    version: 'test',
    crashGuard: {
      arm: (leaveSequence) => native.guardTerminal(1, leaveSequence),
      release: () => native.releaseTerminal(),
    },
  });
  process.stdout.write(`stops: ${session.stops}\n`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`prof-tui: ${(error as Error).message}\n`);
  process.exit(1);
}
