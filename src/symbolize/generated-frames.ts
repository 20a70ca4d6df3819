/**
 * Frames in code that no file holds, named by the target's jitdump or perf map; a name may come late, and is taken back
 * when another function's code takes the place while the frame may still be sampled.
 */
import type { Frame, FrameName } from '../profile/frames.ts';
import { runtimeFrameName } from '../profile/runtime-names.ts';
import { monotonicMs } from './followed-file.ts';
import { type CodeName, type FoundCode, isSameFunction } from './generated-code.ts';
import { JitdumpFile } from './jitdump-file.ts';
import { findJitdump } from './jitdump-place.ts';
import { PerfMapFile } from './perf-map-file.ts';
import type { FrameLine, SymbolWarning } from './protocol.ts';
import type { TargetProcess } from './target-process.ts';

/** Shown where a native frame has its file. */
const jitModule = 'jit';
/** A target without a jitdump is looked at again after that; twice as long after each time in vain. */
const firstLookAgainMs = 900;
const lastLookAgainMs = 60_000;

/** A frame, and what names it now. */
interface GeneratedFrame {
  readonly frame: Frame;
  readonly address: number;
  /** No sample of it is older. */
  readonly sinceMs: number;
  /** The name where there is none of its own. */
  readonly unnamed: FrameName;
  id: number | undefined;
  source: 'jitdump' | 'perf-map' | undefined;
  name: CodeName | undefined;
  /** More than one function stood there: it stays without a name. */
  isReplaced: boolean;
}

export class GeneratedFrames {
  readonly #pid: number;
  readonly #target: TargetProcess;
  readonly #warn: (warning: SymbolWarning) => void;
  readonly #jitdump: JitdumpFile;
  readonly #perfMap: PerfMapFile;
  readonly #frames = new Map<number, GeneratedFrame>();
  #wantsLook = false;
  #lookAgainMs = firstLookAgainMs;
  #nextLookMs = 0;
  #replacedFrames = 0;

  constructor(pid: number, target: TargetProcess, warn: (warning: SymbolWarning) => void) {
    this.#pid = pid;
    this.#target = target;
    this.#warn = warn;
    this.#jitdump = new JitdumpFile(target, warn);
    this.#perfMap = new PerfMapFile(target, warn);
    this.#look();
    this.#jitdump.refresh();
    this.#perfMap.refresh();
  }

  /** @param unnamed the answer while nothing names it */
  nameOf(frame: Frame, address: number, sinceMs: number, unnamed: FrameName): FrameName {
    const made: GeneratedFrame = {
      ...{ frame, address, sinceMs, unnamed, id: undefined, source: undefined, name: undefined },
      isReplaced: false,
    };
    this.#frames.set(frame.id, made);
    const answer = this.#answer(made);
    this.#wantsLook ||= !answer.hasSymbol;
    return answer;
  }

  /** Looks again at what can change. @returns only the frames whose name differs from the last answer */
  refresh(): FrameName[] {
    if (this.#wantsLook && monotonicMs() >= this.#nextLookMs) this.#look();
    const hasChanged = [this.#jitdump.refresh(), this.#perfMap.refresh()].includes(true);
    if (!hasChanged) return [];
    const changed: FrameName[] = [];
    for (const each of this.#frames.values()) {
      const { id, source } = this.#current(each.address);
      if (!each.isReplaced && (id !== each.id || source !== each.source)) changed.push(this.#answer(each));
    }
    return changed;
  }

  /** Of those of these frames whose line is known. */
  linesOf(frames: readonly number[]): FrameLine[] {
    return frames.flatMap((id) => {
      const found = this.#frames.get(id);
      if (found?.source !== 'jitdump' || found.name === undefined || found.isReplaced) return [];
      const line = this.#jitdump.lineAt(found.address);
      return line === undefined ? [] : [{ frame: id, ...line }];
    });
  }

  close(): void {
    this.#jitdump.close();
    this.#perfMap.close();
  }

  #look(): void {
    this.#wantsLook = false;
    const place = findJitdump(this.#pid, this.#target);
    if (place !== undefined) this.#jitdump.open(place.path, place.openAt);
    this.#nextLookMs = monotonicMs() + this.#lookAgainMs;
    this.#lookAgainMs = Math.min(this.#lookAgainMs * 2, lastLookAgainMs);
  }

  #current(address: number): Pick<GeneratedFrame, 'id' | 'source'> {
    const dumped = this.#jitdump.idAt(address);
    if (dumped !== undefined) return { id: dumped, source: 'jitdump' };
    const mapped = this.#perfMap.idAt(address);
    return { id: mapped, source: mapped === undefined ? undefined : 'perf-map' };
  }

  #answer(each: GeneratedFrame): FrameName {
    const { address, sinceMs, frame, unnamed } = each;
    const { id, source } = this.#current(address);
    const file = source === 'jitdump' ? this.#jitdump : this.#perfMap;
    const found: FoundCode | undefined = id === undefined ? undefined : file.find(address, sinceMs);
    // The same code is called otherwise in the other file.
    const before = each.source === source || source === undefined ? each.name : undefined;
    each.id = id;
    if (source !== undefined) each.source = source;
    if (found === undefined) return unnamed;
    if (found.name === undefined || (before !== undefined && !isSameFunction(found.name, before))) {
      this.#giveUp(each);
      return unnamed;
    }
    each.name = found.name;
    const { name, runtime, script = '', line = 0 } = found.name;
    if (runtime !== undefined) return runtimeFrameName(frame.id, { name, runtime, script, line });
    const origin = script === '' ? {} : { script };
    return { frame: frame.id, name, module: jitModule, hasSymbol: true, ...origin };
  }

  #giveUp(each: GeneratedFrame): void {
    each.isReplaced = true;
    this.#replacedFrames++;
    const plural = this.#replacedFrames === 1 ? 'address' : 'addresses';
    const detail = `${this.#replacedFrames} ${plural} held one function after the other, and can be given to neither`;
    this.#warn({ code: 'code-replaced', subject: 'generated code', detail });
  }
}
