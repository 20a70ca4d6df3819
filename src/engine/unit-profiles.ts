/** One profile per unit of weight, on shared tables: CPU time and wall time are never summed. */
import type { Frame, FrameName } from '../profile/frames.ts';
import { Profile } from '../profile/profile.ts';
import { ProfileTables } from '../profile/tables.ts';
import type { NativeBatch } from './native.ts';
import { rowsBySpan, toBatch } from './native-batch.ts';
import type { Unit } from './status.ts';

export class UnitProfiles {
  readonly #tables = new ProfileTables();
  readonly #profiles = new Map<Unit, Profile>();

  /** The profile of a unit, made when it is first needed. */
  of(unit: Unit): Profile {
    const known = this.#profiles.get(unit);
    if (known) return known;
    const profile = new Profile(this.#tables);
    this.#profiles.set(unit, profile);
    return profile;
  }

  /**
   * Takes a drained batch; each row goes to the profile of its span's unit.
   * @returns the new frames that want a name
   */
  add(batch: NativeBatch, unitOf: (span: number) => Unit): Frame[] {
    const unnamed = this.#tables.append(toBatch(batch));
    for (const { span, rows } of rowsBySpan(batch)) this.of(unitOf(span)).addSamples(rows);
    return unnamed;
  }

  setNames(names: readonly FrameName[]): void {
    this.#tables.setNames(names);
  }

  settle(force = false): void {
    for (const profile of this.#profiles.values()) profile.settle(force);
  }

  setNow(elapsedNs: number): void {
    for (const profile of this.#profiles.values()) profile.setNow(elapsedNs);
  }

  reset(): void {
    for (const profile of this.#profiles.values()) profile.reset();
  }
}
