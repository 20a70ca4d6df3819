/**
 * Which kernel this is, since when: addresses of another boot (KASLR) or of another build mean other functions, so names
 * for recorded kernel addresses may be read later only where both are the same.
 */
import fs from 'node:fs';

export interface KernelIdentity {
  /** Empty: cannot be read. */
  readonly bootId: string;
  /** Lower-case hex; empty: it has none, or it cannot be read. */
  readonly buildId: string;
}

const noteHeadBytes = 12;
/** Elf_Nhdr of a note by the linker: NT_GNU_BUILD_ID. elf(5), "Notes". */
const gnuBuildId = 3;

export function readKernelIdentity(): KernelIdentity {
  return {
    bootId: read('/proc/sys/kernel/random/boot_id').toString('latin1').trim(),
    buildId: buildIdOfNotes(read('/sys/kernel/notes')),
  };
}

export function isSameKernel(a: KernelIdentity, b: KernelIdentity): boolean {
  return a.bootId !== '' && a.bootId === b.bootId && a.buildId === b.buildId;
}

/** @param notes as /sys/kernel/notes has them: sizes of name and descriptor, type; each part padded to 4 bytes */
export function buildIdOfNotes(notes: Buffer): string {
  for (let at = 0; at + noteHeadBytes <= notes.length; ) {
    const [nameBytes, idBytes, type] = [0, 4, 8].map((field) => notes.readUInt32LE(at + field)) as [
      number,
      number,
      number,
    ];
    const nameAt = at + noteHeadBytes;
    const idAt = nameAt + Math.ceil(nameBytes / 4) * 4;
    const name = notes.toString('latin1', nameAt, nameAt + nameBytes);
    if (type === gnuBuildId && name === 'GNU\0') return notes.toString('hex', idAt, idAt + idBytes);
    at = idAt + Math.ceil(idBytes / 4) * 4;
  }
  return '';
}

function read(path: string): Buffer {
  try {
    return fs.readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
