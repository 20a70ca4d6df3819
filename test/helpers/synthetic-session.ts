/**
 * A session over a real Profile that is fed with stacks written as text: for tests of the screen that must know every
 * number. Captures nothing; the tests of the whole program use real processes.
 */
import type { Listing, ListingRequest } from '../../src/engine/listing.ts';
import type { EngineAsk, LiveSession, SessionStatus } from '../../src/engine/status.ts';
import { describe } from '../../src/engine/warnings.ts';
import type { SampleColumns } from '../../src/profile/batch.ts';
import { type FrameKind, type FrameName, frameKinds } from '../../src/profile/frames.ts';
import { Profile } from '../../src/profile/profile.ts';

export interface StackLine {
  /** Root first, `name` or `module!name`; a name in `[k]` is a kernel frame. */
  readonly stack: readonly string[];
  readonly samples: number;
  readonly tid?: number;
  /** Name of the thread; counted at its first line. */
  readonly thread?: string;
  /** Which engine span saw it; the first one unless told otherwise. */
  readonly span?: number;
}

export const periodNs = 10_101_010;

/** Where code lies: addresses of the kernel fill all 64 bits. */
const textBegin = { user: 4096n, kernel: 0xffffffff81000000n } as const;

/** Feeds a profile with stacks given as text; frames are named at once unless told otherwise. */
export class StackFeeder {
  readonly profile = new Profile();
  nowNs = 0;
  readonly #frames = new Map<string, number>();
  readonly #stacks = new Map<string, number>();
  readonly #threads = new Map<number, number>();
  /** Frames whose names stay unknown until `nameAll`. */
  readonly #unnamed = new Set<string>();

  /** Adds samples at the clock's present time. */
  add(lines: readonly StackLine[], withNames = true): void {
    const frames: string[] = [];
    const stacks: (readonly [number, number])[] = [];
    const threads: { index: number; thread: { tid: number; name: string } }[] = [];
    const rows: { stack: number; thread: number; span: number }[] = [];
    for (const { stack, samples, tid = 100, thread: name = `thread-${tid}`, span = 0 } of lines) {
      const thread = this.#threads.get(tid) ?? this.#threads.size;
      if (!this.#threads.has(tid)) {
        this.#threads.set(tid, thread);
        threads.push({ index: thread, thread: { tid, name } });
      }
      let id = 0;
      for (const frame of stack) id = this.#stackId(id, frame, frames, stacks);
      for (let i = 0; i < samples; i++) rows.push({ stack: id, thread, span });
    }
    const rowsOf = (span: number) => this.#columns(rows.filter((row) => row.span === span));
    this.profile.add({
      frames: {
        kind: Uint8Array.from(frames, (frame) => frameKinds.indexOf(kindOf(frame))),
        module: Uint32Array.from(frames, () => 0xffffffff),
        address: BigUint64Array.from(
          frames,
          (frame) =>
            textBegin[kindOf(frame) === 'kernel' ? 'kernel' : 'user'] + BigInt(this.#frames.get(frame) ?? 0),
        ),
        functionStart: BigUint64Array.from(frames, () => 0n),
      },
      stacks: {
        parent: Uint32Array.from(stacks, ([parent]) => parent),
        frame: Uint32Array.from(stacks, ([, frame]) => frame),
      },
      modules: [],
      threads,
      samples: rowsOf(0),
    });
    const later = new Set(rows.map((row) => row.span).filter((span) => span > 0));
    for (const span of later) this.profile.addSamples(rowsOf(span), span);
    if (withNames) this.profile.setNames(frames.map((frame) => this.#name(frame, frame)));
    else {
      for (const frame of frames) this.#unnamed.add(frame);
      this.profile.setNames(frames.map((frame) => this.#name(frame, `app!fn_${this.#frames.get(frame)}`)));
    }
    this.profile.settle(true);
  }

  #columns(rows: readonly { readonly stack: number; readonly thread: number }[]): SampleColumns {
    return {
      timeNs: Float64Array.from(rows, () => this.nowNs),
      weightNs: Float64Array.from(rows, () => periodNs),
      thread: Uint32Array.from(rows, (row) => row.thread),
      stack: Uint32Array.from(rows, (row) => row.stack),
      samples: Uint32Array.from(rows, () => 1),
    };
  }

  /** Late names arrive: one generation step. */
  nameAll(): void {
    this.profile.setNames(Array.from(this.#unnamed, (frame) => this.#name(frame, frame)));
    this.#unnamed.clear();
    this.profile.settle(true);
  }

  advance(ns: number): void {
    this.nowNs += ns;
    this.profile.setNow(this.nowNs);
  }

  #stackId(parent: number, frame: string, frames: string[], stacks: (readonly [number, number])[]): number {
    if (!this.#frames.has(frame)) {
      this.#frames.set(frame, this.#frames.size);
      frames.push(frame);
    }
    const key = `${parent}/${frame}`;
    const known = this.#stacks.get(key);
    if (known !== undefined) return known;
    const id = this.#stacks.size + 1;
    this.#stacks.set(key, id);
    stacks.push([parent, this.#frames.get(frame) ?? 0]);
    return id;
  }

  #name(frame: string, text: string): FrameName {
    const [, module = 'app', name = text] = /^([^!]+)!(.+)$/.exec(text) ?? [];
    const isUnnamed = text.startsWith('?');
    return {
      frame: this.#frames.get(frame) ?? 0,
      name: isUnnamed ? '' : name,
      module,
      hasSymbol: !isUnnamed,
      ...(module === 'js' ? { runtime: 'node', script: `/srv/${name.split(/[ :]/)[1]}`, line: 1 } : {}),
    };
  }
}

function kindOf(frame: string): FrameKind {
  if (frame.startsWith('js!')) return 'runtime';
  if (/^(kernel!|ext4!|\?kernel)/.test(frame)) return 'kernel';
  return frame.startsWith('?jit') ? 'exec-anon' : 'native';
}

/** A web server of known shape: four samples in ten render, some read in the kernel. */
export const serverStacks: readonly StackLine[] = [
  { stack: ['main', 'uv_run', 'Server.handle', 'renderPage'], samples: 25 },
  { stack: ['main', 'uv_run', 'Server.handle', 'renderPage', 'escapeHtml'], samples: 22 },
  { stack: ['main', 'uv_run', 'fs::ReadFile', 'libc.so.6!read', '?kernel'], samples: 29 },
  { stack: ['main', 'uv_run', 'libz.so.1!deflate_slow', 'libz.so.1!longest_match'], samples: 17, tid: 101 },
  { stack: ['main', 'uv_run', 'libz.so.1!deflate_slow'], samples: 6, tid: 101 },
  { stack: ['_start'], samples: 1 },
];

/** The same as Node.js shows it, with its own machinery in between. */
export const nodeStacks: readonly StackLine[] = [
  {
    stack: ['main', 'uv_run', 'node!Builtins_JSEntry', 'js!handle server.js:4', 'js!render page.js:1'],
    samples: 60,
  },
  {
    stack: ['main', 'uv_run', 'node!Builtins_JSEntry', 'js!handle server.js:4', 'node!Builtins_ArrayMap'],
    samples: 20,
  },
  { stack: ['main', 'uv_run', 'node!v8::internal::Heap::Scavenge()'], samples: 15 },
  { stack: ['main', 'uv_run', 'libz.so.1!deflate_slow'], samples: 5 },
];

/** The same server later: it compresses more than it renders, and parses what it did not before. */
export const laterStacks: readonly StackLine[] = [
  { stack: ['main', 'uv_run', 'Server.handle', 'renderPage'], samples: 10 },
  { stack: ['main', 'uv_run', 'Server.handle', 'JSON.parse'], samples: 15 },
  { stack: ['main', 'uv_run', 'fs::ReadFile', 'libc.so.6!read', '?kernel'], samples: 25 },
  { stack: ['main', 'uv_run', 'libz.so.1!deflate_slow', 'libz.so.1!longest_match'], samples: 50, tid: 101 },
];

/** Names a hostile process may have: control codes, bidi marks, wide characters, and one far too long. */
export const hostileStacks: readonly StackLine[] = [
  { stack: ['main', 'clear\x1b[2J\x1b]0;title\x07screen'], samples: 40 },
  { stack: ['main', '日本語の関数名', 'right\u202eto left'], samples: 30 },
  { stack: ['main', `std::map<${'int, '.repeat(400)}int>::find(${'long, '.repeat(100)}long)`], samples: 20 },
  { stack: ['main', 'e\u0301clair_👩‍👩‍👧'], samples: 10 },
];

const longName = `ns::${'Very'.repeat(1024)}::last_part`;

/** The same in every place that has a name: functions, modules, threads; one name is over 4 kB. */
export const hostilePlaces: readonly StackLine[] = [
  {
    stack: ['main', 'evil\x1b[31m\x9b2Jmod.so!f\x1b]0;title\x07g'],
    samples: 40,
    thread: 'th\x1b[2J\u202ered',
  },
  { stack: ['main', longName], samples: 30, tid: 101, thread: `${'名前'.repeat(40)}\u2066` },
  { stack: ['main', 'שלום_עולם', 'مرحبا\u202bبالعالم'], samples: 20 },
  { stack: ['main', 'tab\tnew\nline\r\x7f\x00end'], samples: 10 },
];

export const hostileTarget = {
  pid: 4242,
  name: 'no\x1b[2Jde',
  exe: '/usr/bin/\x1b[31mnode',
  command: 'node\x1b]0;title\x07 \u202eserver.js \x9b2J',
  startedAt: '2026-01-01T00:00:00.000Z',
};

export function syntheticStatus(change: Partial<SessionStatus> = {}): SessionStatus {
  return {
    state: 'live',
    source: undefined,
    endReason: undefined,
    target: {
      pid: 4242,
      name: 'node',
      exe: '/usr/bin/node',
      command: 'node server.js',
      startedAt: '2026-01-01T00:00:00.000Z',
    },
    threadCount: 4,
    otherProcesses: 0,
    asked: 'auto',
    planned: 'cpu',
    running: 'cpu',
    mechanism: 'perf_events',
    unit: 'cpu',
    switching: undefined,
    kernelPart: 'unresolved',
    kernelSymbols: 'hidden',
    frequencyHz: 99,
    elapsedNs: 83e9,
    samples: 12483,
    lost: 0,
    throttled: 0,
    truncated: 0,
    accounting: {
      cpuTimeNs: 82.1e9,
      userTimeNs: 70e9,
      systemTimeNs: 12.1e9,
      weightNs: 81.8e9,
      accounted: 0.996,
      unsampledNs: 0.3e9,
      kernelNotSampledNs: 0,
      lostNs: 0,
      shortLivedNs: 0,
    },
    selfCpuShare: 0.01,
    spans: [],
    warnings: [
      {
        code: 'kernel-symbols-hidden',
        title: 'kernel symbols hidden (kptr_restrict=1): kernel time kept as one node',
        cause: 'kernel functions cannot be named: kptr_restrict=1',
        cure: 'sudo sysctl kernel.kptr_restrict=0',
      },
    ],
    gates: [
      { name: 'kernel samples', state: 'allowed', because: 'perf_event_open', cure: undefined },
      {
        name: 'kernel symbols',
        state: 'hidden',
        because: 'kptr_restrict=1',
        cure: 'sudo sysctl kernel.kptr_restrict=0',
      },
      { name: 'ptrace', state: 'allowed', because: 'ptrace_scope=0', cure: undefined },
    ],
    engines: [
      {
        ask: 'auto',
        sees: 'most allowed here',
        runs: 'cpu',
        why: 'the most that is allowed here',
        cure: undefined,
      },
      { ask: 'cpu', sees: 'user + kernel', runs: 'cpu', why: 'perf_events', cure: undefined },
      {
        ask: 'cpu-clock',
        sees: 'user only',
        runs: 'cpu-clock',
        why: 'perf_events, exclude_kernel',
        cure: undefined,
      },
      {
        ask: 'ctimer',
        sees: 'all CPU, user frames',
        runs: undefined,
        why: 'the target is traced by 77',
        cure: 'end process 77',
      },
    ],
    highestHz: 100_000,
    ...change,
  };
}

/** A session whose profile and status the test moves by hand; `tick` tells the listeners. */
export class SyntheticSession implements LiveSession {
  readonly feeder = new StackFeeder();
  status: SessionStatus;
  probes = 0;
  stops = 0;
  readonly lists: string[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(change: Partial<SessionStatus> = {}) {
    this.status = syntheticStatus(change);
  }

  get profile(): Profile {
    return this.feeder.profile;
  }

  tick(change: Partial<SessionStatus> = {}): void {
    this.status = { ...this.status, ...change };
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  reset(): void {
    this.feeder.profile.reset();
    this.tick({ samples: 0 });
  }

  switchTo(asked: EngineAsk): Promise<void> {
    const row = this.status.engines.find((each) => each.ask === asked);
    if (row?.runs !== undefined) {
      const kernelPart = row.runs === 'cpu-clock' ? 'excluded' : this.status.kernelPart;
      this.tick({ asked, planned: row.runs, running: row.runs, kernelPart });
    } else {
      const because = row?.why ?? '';
      const running = this.status.running ?? 'cpu';
      const refused = describe({ code: 'switch-refused', asked, running, because, cure: row?.cure });
      this.tick({ warnings: [refused] });
    }
    return Promise.resolve();
  }

  changeRate(hz: number): Promise<void> {
    this.tick({ frequencyHz: hz });
    return Promise.resolve();
  }

  suspend(): Promise<void> {
    return Promise.resolve();
  }

  resume(): Promise<void> {
    return Promise.resolve();
  }

  probeAgain(): void {
    this.probes++;
    const gates = this.status.gates.map((gate) => ({ ...gate, because: `${gate.because}, tried again` }));
    this.tick({ gates });
  }

  threadState(tid: number): 'run' | 'sleep' {
    return tid === 100 ? 'run' : 'sleep';
  }

  /** A listing of its own making: thirty lines, the sixth the hottest, the twentieth next. */
  list({ func, wants }: ListingRequest): Promise<Listing> {
    this.lists.push(`${wants} ${func.name}`);
    const line = (at: number, share: number) => ({
      label: String(at),
      text: `  line ${at} of ${func.name}`,
      selfNs: share * 1e9,
      totalNs: share * 1e9,
    });
    const shares: Readonly<Record<number, number>> = { 6: 60, 20: 30, 28: 10 };
    const lines = Array.from({ length: 30 }, (_, at) => line(at + 1, shares[at + 1] ?? 0));
    const because = 'app has no line information, no debug file for build-id abcd';
    const missing = wants === 'assembly' ? { because, cure: 'build it with -g' } : undefined;
    return Promise.resolve({
      form: wants,
      blocks: [{ title: '/srv/app.c', lines }],
      totalNs: 100e9,
      missing,
    });
  }

  stop(): Promise<void> {
    this.stops++;
    this.status = { ...this.status, state: 'stopped' };
    return Promise.resolve();
  }
}
