/** One profile per unit of weight, on shared tables: CPU time and wall time are never summed. */
import type { Frame, FrameName } from '../profile/frames.ts';
import { Profile } from '../profile/profile.ts';
import { ProfileTables } from '../profile/tables.ts';
import type { Keeper } from './keeper.ts';
import type { NativeBatch } from './native.ts';
import { rowsBySpan, toBatch } from './native-batch.ts';
import type { Unit } from './status.ts';

export class UnitProfiles {
  readonly #tables = new ProfileTables();
  readonly #profiles = new Map<Unit, Profile>();
  readonly #keepers = new Set<Keeper>();

  /** Tells `keeper` all that there is, and from now on all that comes, until the call that it returns. */
  keep(keeper: Keeper): () => void {
    this.#keepers.add(keeper);
    for (const rows of this.#tables.rows()) keeper.tables(rows);
    for (const names of this.#tables.names()) keeper.names(names);
    for (const [unit, profile] of this.#profiles) {
      for (const { span, rows } of profile.rows()) keeper.samples(unit, span, rows);
    }
    return () => this.#keepers.delete(keeper);
  }

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
   * @param names of new frames that need not be asked for
   * @returns the new frames that want a name
   */
  add(batch: NativeBatch, unitOf: (span: number) => Unit, names: readonly FrameName[] = []): Frame[] {
    const taken = toBatch(batch);
    const firstFrame = this.#tables.frames.length;
    const unnamed = this.#tables.append(taken);
    for (const keeper of this.#keepers) {
      keeper.tables(taken);
      keeper.names(this.#tables.runtimeNames(firstFrame));
    }
    if (names.length > 0) this.setNames(names);
    for (const { span, rows } of rowsBySpan(batch)) {
      const unit = unitOf(span);
      this.of(unit).addSamples(rows, span);
      for (const keeper of this.#keepers) keeper.samples(unit, span, rows);
    }
    return unnamed;
  }

  setNames(names: readonly FrameName[]): void {
    this.#tables.setNames(names);
    for (const keeper of this.#keepers) keeper.names(names);
  }

  settle(force = false): void {
    for (const profile of this.#profiles.values()) profile.settle(force);
  }

  placeWaiting(force: boolean): void {
    for (const profile of this.#profiles.values()) profile.placeWaiting(force);
  }

  setNow(elapsedNs: number): void {
    for (const profile of this.#profiles.values()) profile.setNow(elapsedNs);
  }

  reset(): void {
    for (const profile of this.#profiles.values()) profile.reset();
    for (const keeper of this.#keepers) keeper.reset();
  }
}
