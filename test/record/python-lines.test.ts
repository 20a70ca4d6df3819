/** The lines at which Python functions stand, by each engine that reads their frames. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ProfileFunction } from '../../src/profile/functions.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { runtimePlaceOf } from '../../src/profile/runtime-place.ts';
import { type CaptureOptions, startCapture, untilStatus } from '../helpers/capture.ts';
import { type Interpreter, interpreters, startPython } from '../helpers/python-target.ts';

const text = readFileSync(
  fileURLToPath(new URL('../fixtures/python/lines.py', import.meta.url)),
  'utf8',
).split('\n');

/** A function of the program, as the frames name it. */
function functionIn({ frames }: Profile, name: string): ProfileFunction {
  for (let id = 0; id < frames.length; id++) {
    const named = frames.nameOf(id);
    if (named?.name.startsWith(`${name} lines.py:`)) return { ...named, id: 0, kind: 'runtime' };
  }
  throw new Error(`no frame of ${name}`);
}

/** Shares of the function's time by the text of the line it stands at; `''`: not known. */
function sharesByLine(profile: Profile, name: string): Map<string, number> {
  const shares = new Map<string, number>();
  const hot = profile.hotAddresses(functionIn(profile, name), { threads: new Set() });
  const sum = hot.reduce((all, { totalNs }) => all + totalNs, 0);
  for (const { frame, totalNs } of hot) {
    const line = text[runtimePlaceOf(frame.address).line - 1]?.trim() ?? '';
    shares.set(line, (shares.get(line) ?? 0) + totalNs / sum);
  }
  return shares;
}

async function profileOf(
  t: TestContext,
  python: Interpreter,
  options: CaptureOptions,
  wanted: number,
): Promise<Profile> {
  const target = await startPython(t, python, 'lines.py');
  const session = await startCapture(t, target.pid, options);
  // The tick of CPU clocks allows few samples a second, and the target may have little of the CPU.
  await untilStatus(session, ({ samples }) => samples > wanted, 'samples', 120_000);
  return session.profile;
}

interface Asked {
  readonly what: string;
  readonly options: CaptureOptions;
  readonly samples: number;
}

const engines: readonly Asked[] = [
  { what: 'timers in the target', options: { asked: 'ctimer' }, samples: 600 },
  { what: 'snapshots', options: { asked: 'ctimer', mayInject: false }, samples: 300 },
];

for (const python of interpreters()) {
  for (const { what, options, samples } of engines) {
    test(`CPython ${python.version}, ${what}: each line has its share, no other has any`, async (t) => {
      const profile = await profileOf(t, python, options, samples);
      const shares = sharesByLine(profile, 'work');
      const four = shares.get('for _ in FOUR: total ^= zlib.crc32(BYTES)  # four fifths') ?? 0;
      const one = shares.get('zlib.crc32(BYTES)  # one fifth') ?? 0;
      assert(four + one > 0.98, JSON.stringify([...shares]));
      // Four deviations of so many samples.
      const tolerance = 4 * Math.sqrt((0.8 * 0.2) / samples);
      assert(Math.abs(four / (four + one) - 0.8) < tolerance, `${four} to ${one}`);
      const [begin, end] = [text.indexOf('def work():'), text.indexOf('def nap():')];
      for (const line of shares.keys())
        assert(
          text.slice(begin, end).some((each) => each.trim() === line),
          line,
        );
    });
  }

  test(`CPython ${python.version}, wall time: a thread sleeps at the line of its call`, async (t) => {
    const profile = await profileOf(t, python, { asked: 'wall' }, 300);
    const shares = sharesByLine(profile, 'nap');
    assert((shares.get('time.sleep(') ?? 0) > 0.97, JSON.stringify([...shares]));
  });
}
