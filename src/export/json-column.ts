/** A column as the inside of a JSON array, in pieces: whole, it might not fit into one string. */

const valuesInPiece = 4096;

export function* jsonColumn(length: number, at: (row: number) => number | boolean | null): Generator<string> {
  for (let first = 0; first < length; first += valuesInPiece) {
    const end = Math.min(length, first + valuesInPiece);
    let piece = first > 0 ? ',' : '';
    for (let row = first; row < end; row++) piece += row > first ? `,${at(row)}` : at(row);
    yield piece;
  }
}
