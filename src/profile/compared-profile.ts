/**
 * Two profiles as one: the second one's time follows the first one's, which is its baseline, so that all views show what
 * differs. Functions are the same when their names are. Pure.
 */
import type { SampleColumns } from './batch.ts';
import { type FrameKind, frameKinds } from './frames.ts';
import { Profile } from './profile.ts';
import { replayLimits, SampleLog } from './sample-log.ts';
import { ProfileTables } from './tables.ts';

const noModule = 0xffffffff;
/** Time that no sample carries becomes a row of the process, so that it is compared like any other. */
const processThread = { tid: 0, name: '[process]' };

export interface Timed {
  readonly profile: Profile;
  readonly durationNs: number;
}

/** @returns a profile whose baseline is `first`, all of it, and what came since is `second` */
export function comparedProfile(first: Timed, second: Timed): Profile {
  const profile = new Profile(new ProfileTables(), new SampleLog(replayLimits));
  const firstSeconds = wholeSeconds(first);
  append(profile, first.profile, 0, 0);
  profile.setNow(firstSeconds * 1e9);
  profile.settle();
  profile.settle(true);
  profile.markBaseline();
  append(profile, second.profile, firstSeconds * 1e9, 1);
  profile.setNow((firstSeconds + wholeSeconds(second)) * 1e9);
  profile.settle();
  profile.settle(true);
  return profile;
}

/** Weights are compared by whole seconds of each. */
function wholeSeconds({ durationNs }: Timed): number {
  return Math.max(1, Math.round(durationNs / 1e9));
}

function append(to: Profile, from: Profile, atNs: number, span: number): void {
  const { tables } = to;
  const frame = tables.frames.length;
  // Stack 0, the empty one, is the same in both.
  const stack = tables.stacks.length - 1;
  const module = tables.modules.length;
  const thread = tables.threads.length;
  for (const rows of from.tables.rows()) {
    tables.append({
      frames: {
        ...rows.frames,
        module: rows.frames.module.map((id) => (id === noModule ? noModule : id + module)),
      },
      stacks: {
        parent: rows.stacks.parent.map((id) => (id === 0 ? 0 : id + stack)),
        frame: rows.stacks.frame.map((id) => id + frame),
      },
      modules: rows.modules.map((each) => ({ ...each, id: each.id + module })),
      threads: rows.threads.map(({ index, thread: of }) => ({ index: index + thread, thread: of })),
    });
  }
  for (const names of from.tables.names()) {
    tables.setNames(names.map((name) => ({ ...name, frame: name.frame + frame })));
  }
  for (const rows of from.timedRows()) {
    to.addUnplacedSamples(
      {
        ...rows,
        timeNs: rows.timeNs.map((ns) => ns + atNs),
        thread: rows.thread.map((index) => index + thread),
        stack: rows.stack.map((id) => (id === 0 ? 0 : id + stack)),
      },
      span,
    );
  }
  appendUnsampled(to, from, atNs, span);
}

function appendUnsampled(to: Profile, from: Profile, atNs: number, span: number): void {
  const { tables } = to;
  const kind: FrameKind = 'process';
  for (const { node, weightNs } of from.unsampled()) {
    const [frame, stack, thread] = [tables.frames.length, tables.stacks.length, tables.threads.length];
    tables.append({
      frames: {
        kind: Uint8Array.of(frameKinds.indexOf(kind)),
        module: Uint32Array.of(noModule),
        address: BigUint64Array.of(0n),
        functionStart: BigUint64Array.of(0n),
      },
      stacks: { parent: Uint32Array.of(0), frame: Uint32Array.of(frame) },
      modules: [],
      threads: [{ index: thread, thread: processThread }],
    });
    const { name } = from.tree.functionOf(node);
    tables.setNames([{ frame, name, module: '', hasSymbol: true }]);
    const rows: SampleColumns = {
      timeNs: Float64Array.of(atNs),
      weightNs: Float64Array.of(weightNs),
      thread: Uint32Array.of(thread),
      stack: Uint32Array.of(stack),
      samples: Uint32Array.of(0),
    };
    to.addUnplacedSamples(rows, span);
  }
}
