/** Which importer reads a file, found from its bytes alone: endings lie. */
import { constants, gunzipSync, type ZlibOptions } from 'node:zlib';
import { importCpuProfile, isCpuProfile } from './cpuprofile.ts';
import { importFolded, looksFolded } from './folded.ts';
import { type Imported, NotImportable } from './imported.ts';
import { parseJson } from './json-shapes.ts';
import { importPerfScript, looksLikePerfScript } from './perf-script.ts';
import { importPprof } from './pprof.ts';
import { importSpeedscope, isSpeedscope } from './speedscope.ts';

/** A text longer than this is no one string in Node. */
export const mostBytes = 500 * 2 ** 20;
const beginBytes = 64 * 1024;

/**
 * @param limit how many bytes it may have, unpacked
 * @throws NotImportable
 */
export function importProfile(file: Buffer, limit = mostBytes): Imported {
  const isGzip = file[0] === 0x1f && file[1] === 0x8b;
  const { bytes, isCut } = isGzip ? inflate(file, limit) : { bytes: file, isCut: false };
  const begin = bytes.toString('latin1', 0, beginBytes);
  // Text holds no control characters; protobuf begins with some.
  if (/^[^\u0000-\u0008\u000e-\u001f]*$/.test(begin)) return importText(bytes.toString('utf8'));
  return importPprof(bytes, isCut);
}

function importText(text: string): Imported {
  if (/^\s*\{/.test(text)) return importJson(text);
  const begin = text.slice(0, beginBytes);
  if (looksLikePerfScript(begin)) return importPerfScript(text);
  if (looksFolded(begin)) return importFolded(text);
  throw new NotImportable('no format that prof-tui reads');
}

function importJson(text: string): Imported {
  const file = parseJson(text);
  if (isSpeedscope(file)) return importSpeedscope(file);
  if (isCpuProfile(file)) return importCpuProfile(file);
  throw new NotImportable('JSON, but neither of speedscope nor a .cpuprofile');
}

/** What can be had of it: a file that was cut gives its beginning. */
function inflate(file: Buffer, limit: number): { bytes: Buffer; isCut: boolean } {
  const options = { maxOutputLength: limit };
  try {
    return { bytes: gunzipSync(file, options), isCut: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new NotImportable(`it unpacks to more than ${Math.round(limit / 2 ** 20)} MiB`);
    }
  }
  const bytes = begunInflating(file, { ...options, finishFlush: constants.Z_SYNC_FLUSH });
  if (bytes.length === 0) throw new NotImportable('it is damaged gzip');
  return { bytes, isCut: true };
}

/** Empty where nothing can be had. */
function begunInflating(file: Buffer, options: ZlibOptions): Buffer {
  try {
    return gunzipSync(file, options);
  } catch {
    return Buffer.alloc(0);
  }
}
