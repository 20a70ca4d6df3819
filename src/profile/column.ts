/** A typed array that grows: one column of a table whose rows are only ever appended. */
type Numbers = Float64Array | Uint32Array | Int32Array | Uint8Array;

export class Column<T extends Numbers> {
  values: T;
  length = 0;
  readonly #make: (size: number) => T;

  constructor(make: (size: number) => T, capacity = 1024) {
    this.#make = make;
    this.values = make(capacity);
  }

  /** Appends one value and returns its index. */
  push(value: number): number {
    this.reserve(this.length + 1);
    this.values[this.length] = value;
    return this.length++;
  }

  /** Makes room for `rows` rows in all; new rows read as what `make` sets them to. Capacity doubles, so appending is O(1). */
  reserve(rows: number): void {
    if (rows <= this.values.length) return;
    const grown = this.#make(Math.max(rows, this.values.length * 2));
    grown.set(this.values as never);
    this.values = grown;
  }

  /** Makes it `rows` rows long. @returns the values, to be filled in */
  extend(rows: number): T {
    this.reserve(rows);
    this.length = Math.max(this.length, rows);
    return this.values;
  }

  /** As many rows as there are now, in arrays of its own. */
  copy(): Column<T> {
    const copy = new Column(this.#make, 0);
    copy.values = this.values.slice(0, this.length) as T;
    copy.length = this.length;
    return copy;
  }

  at(index: number): number {
    return this.values[index] as number;
  }

  add(index: number, amount: number): void {
    this.values[index] = (this.values[index] as number) + amount;
  }
}

export const float64 = (size: number): Float64Array => new Float64Array(size);
export const uint32 = (size: number): Uint32Array => new Uint32Array(size);
export const int32 = (size: number): Int32Array => new Int32Array(size);
export const uint8 = (size: number): Uint8Array => new Uint8Array(size);
