/**
 * The hottest lines of one function while their panel is open: asks for the listing, flattens it to rows and keeps the
 * cursor. Draws nothing. What was asked for last counts; an older question is called off.
 */
import type { Listing, ListingRequest } from '../engine/listing.ts';
import type { ListingLine } from '../engine/listing-blocks.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import type { HotScope } from '../profile/profile.ts';

export type SourceRow =
  | { readonly kind: 'title'; readonly text: string }
  | { readonly kind: 'line'; readonly line: ListingLine; readonly block: string };

export class SourceListing {
  func: ProfileFunction | undefined;
  /** Undefined while it is being made. */
  listing: Listing | undefined;
  failure = '';
  rows: readonly SourceRow[] = [];
  selected = 0;
  top = 0;
  /** Lines of the panel at the last frame. */
  height = 1;
  readonly #list: (request: ListingRequest, signal: AbortSignal) => Promise<Listing>;
  readonly #onChange: () => void;
  #request: ListingRequest | undefined;
  #scope: () => HotScope = () => ({ threads: new Set() });
  #isFresh = false;
  #work = new AbortController();

  constructor(
    list: (request: ListingRequest, signal: AbortSignal) => Promise<Listing>,
    onChange: () => void,
  ) {
    this.#list = list;
    this.#onChange = onChange;
  }

  get wants(): ListingRequest['wants'] {
    return this.#request?.wants ?? 'source';
  }

  /** @param scope what counts of its samples, asked for again with each listing */
  open(func: ProfileFunction, scope: () => HotScope): void {
    this.func = func;
    this.#scope = scope;
    this.#ask({ func, scope: scope(), wants: 'source' });
  }

  /** The same function with the weights of now, as source or as instructions. */
  again(wants = this.wants): void {
    if (this.#request !== undefined) this.#ask({ ...this.#request, scope: this.#scope(), wants });
  }

  close(): void {
    this.#work.abort();
  }

  move(rows: number): void {
    this.selected = Math.max(0, Math.min(this.rows.length - 1, this.selected + rows));
  }

  /**
   * Goes to the hottest line after the one under the cursor, from the coldest to the hottest one.
   * @returns its place in the order and how many there are; undefined when no line has any weight
   */
  nextHottest(): { readonly place: number; readonly of: number } | undefined {
    const order = this.#byHeat();
    const place = (order.indexOf(this.selected) + 1) % Math.max(1, order.length);
    const next = order[place];
    if (next === undefined) return undefined;
    this.selected = next;
    return { place: place + 1, of: order.length };
  }

  /** The rows on the screen, the cursor among them. */
  window(height: number): readonly SourceRow[] {
    this.height = Math.max(1, height);
    // How high the panel is, is known only now: a new listing has its hottest line in the middle.
    if (this.#isFresh) this.top = this.selected - Math.floor(this.height / 2);
    this.#isFresh = false;
    const last = Math.max(0, this.rows.length - this.height);
    this.top = Math.max(0, Math.min(this.top, this.selected, last));
    this.top = Math.max(this.top, this.selected - this.height + 1);
    return this.rows.slice(this.top, this.top + this.height);
  }

  #byHeat(): readonly number[] {
    const heat = (at: number) => {
      const row = this.rows[at];
      return row?.kind === 'line' ? row.line.totalNs : 0;
    };
    return [...this.rows.keys()].filter((at) => heat(at) > 0).sort((a, b) => heat(b) - heat(a) || a - b);
  }

  #ask(request: ListingRequest): void {
    this.#work.abort();
    const work = new AbortController();
    this.#work = work;
    this.#request = request;
    this.listing = undefined;
    this.failure = '';
    this.rows = [];
    this.selected = 0;
    this.top = 0;
    this.#list(request, work.signal).then(
      (listing) => this.#take(listing, work),
      (error: Error) => {
        if (work.signal.aborted) return;
        this.failure = error.message;
        this.#onChange();
      },
    );
  }

  /** The cursor begins on the hottest line. */
  #take(listing: Listing, { signal }: AbortController): void {
    if (signal.aborted) return;
    this.listing = listing;
    this.rows = listing.blocks.flatMap(({ title, lines }): SourceRow[] => [
      { kind: 'title', text: title },
      ...lines.map((line): SourceRow => ({ kind: 'line', line, block: title })),
    ]);
    this.selected = this.#byHeat()[0] ?? 0;
    this.#isFresh = true;
    this.#onChange();
  }
}
