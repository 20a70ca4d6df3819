/** What every file says of a run: the status and the profile, with the version of the tool. Export reads only this. */
import type { Profile } from '../profile/profile.ts';

/** The parts of a session's status that files carry; the words are those of docs/formats.md. */
export interface RunSummary {
  readonly version: string;
  readonly profile: Profile;
  /** When the recording began, ISO 8601, UTC. */
  readonly recordedAt: string;
  /** The machine as it was read; undefined where it lacks a setting. */
  readonly environment: {
    /** kernel.perf_event_paranoid and kernel.kptr_restrict. */
    readonly paranoid: number | undefined;
    readonly kptr: number | undefined;
    readonly kernel: string;
    readonly arch: string;
    /** Which boot of which kernel build: whether kernel addresses can be named later. Kept in recordings alone. */
    readonly kernelIdentity?: { readonly bootId: string; readonly buildId: string };
  };
  readonly target: {
    readonly pid: number;
    readonly name: string;
    readonly exe: string;
    readonly command: string;
    readonly startedAt: string;
  };
  readonly state: string;
  readonly frequencyHz: number;
  readonly elapsedNs: number;
  readonly spans: readonly SpanSummary[];
  readonly accounting: {
    readonly cpuTimeNs: number;
    readonly userTimeNs: number;
    readonly systemTimeNs: number;
    readonly weightNs: number;
    readonly accounted: number | undefined;
  };
  readonly warnings: readonly {
    readonly code: string;
    readonly title: string;
    readonly cause: string;
    readonly cure: string | undefined;
  }[];
}

export interface SpanSummary {
  /** What the profile's stacks call this span; undefined where they do not know their span (files of other tools). */
  readonly number?: number | undefined;
  readonly asked: string;
  readonly planned: string;
  readonly engine: string;
  readonly mechanism: string;
  readonly unit: string;
  readonly kernelPart: string;
  readonly kernelSymbols: string;
  readonly reason: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly periodNs: number;
  readonly cpuTimeNs: number;
  readonly samples: number;
  readonly weightNs: number;
  readonly lost: number;
  readonly throttled: number;
  readonly truncated: number;
  readonly skipped: number;
}
