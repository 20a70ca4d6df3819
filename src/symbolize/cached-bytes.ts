/** A source that remembers blocks of another one: for tables of which many small parts are read, close to each other. */
import type { ByteSource } from './byte-source.ts';

const blockBytes = 1 << 16;
/** 8 MiB. */
const mostBlocks = 128;

export function cachedBytes(source: ByteSource): ByteSource {
  const blocks = new Map<number, Buffer>();
  const blockAt = (index: number): Buffer => {
    const known = blocks.get(index);
    if (known !== undefined) return known;
    if (blocks.size >= mostBlocks) blocks.clear();
    const block = source.read(index * blockBytes, blockBytes);
    blocks.set(index, block);
    return block;
  };
  return {
    size: source.size,
    read(offset, length) {
      const index = Math.floor(offset / blockBytes);
      const within = offset - index * blockBytes;
      const isInOne = Number.isSafeInteger(offset) && offset >= 0 && within + length <= blockBytes;
      return isInOne ? blockAt(index).subarray(within, within + length) : source.read(offset, length);
    },
  };
}
