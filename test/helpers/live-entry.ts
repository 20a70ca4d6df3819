/**
 * The live view as a program of its own over a synthetic session, so that a test can run it in a terminal with data it
 * knows. The first argument chooses the story; the program under test in production is bin/prof-tui.js.
 */
import { runLiveView } from '../../src/tui/run.tsx';
import { SyntheticSession, serverStacks } from './synthetic-session.ts';

const [story = 'live', ...flags] = process.argv.slice(2);
const session = new SyntheticSession();
session.feeder.add(serverStacks);

function feed(): void {
  session.feeder.advance(100e6);
  session.feeder.add(serverStacks);
  const samples = session.status.samples + 100;
  session.tick({ samples, elapsedNs: session.status.elapsedNs + 100e6 });
}

const stories: Readonly<Record<string, () => void>> = {
  still: () => {},
  live: () => void setInterval(feed, 100),
  'throws-in-render': () => {
    // A function whose name cannot be read breaks the drawing of its row.
    setTimeout(() => {
      Object.defineProperty(session, 'status', {
        get: () => {
          throw new Error('status broke');
        },
      });
      session.feeder.add([{ stack: ['late'], samples: 1 }]);
      session.tick();
    }, 300);
  },
  'throws-in-timer': () =>
    void setTimeout(() => {
      throw new Error('timer broke');
    }, 300),
  rejects: () => void setTimeout(() => void Promise.reject(new Error('promise broke')), 300),
  talks: () =>
    void setTimeout(() => {
      process.stderr.write('a word on stderr\n');
      process.emitWarning('a warning of node');
    }, 200),
};
stories[story]?.();

try {
  await runLiveView(session, {
    ascii: flags.includes('--ascii'),
    color: !flags.includes('--no-color'),
    version: 'test',
  });
  process.stdout.write(session.stops === 1 ? 'stopped once\n' : `stopped ${session.stops} times\n`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`prof-tui: ${(error as Error).message}\n`);
  process.exit(1);
}
