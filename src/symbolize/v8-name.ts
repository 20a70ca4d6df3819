/**
 * What V8 calls code in a perf map and in a jitdump (`JS:*burn /srv/app/shares.cjs:6:14`: kind, tier, function, place), as
 * the function that its user wrote: the same as is read from V8's own structures, whatever compiled it.
 */
import type { RuntimeFunction } from '../profile/frames.ts';

/** `~` interpreted, `^` baseline, `+` and `*` optimized; `o` by on-stack replacement, `'` in the background. */
const code = /^(?:JS|Eval|Script|Function|LazyCompile):o?[~^+*]'?/;
/** From V8 13 on: `RegExp.> src: 'a+b' flags: ''`. */
const regexp = /^RegExp(?::|\.[<>] src: )/;
const place =
  /^(?:(.*?) )?((?:\/|node:|file:|https?:|wasm:|evalmachine\.|\[|<).*?):(\d+):\d+$|^(.*?) ?:(\d+):\d+$/;

/** @returns undefined for what is no function of a script: builtins, stubs, and names of others */
export function parseV8Name(text: string): RuntimeFunction | undefined {
  if (regexp.test(text)) return { runtime: 'node', name: '(regexp)', script: '', line: 0 };
  const prefix = code.exec(text)?.[0];
  if (prefix === undefined) return undefined;
  const match = place.exec(text.slice(prefix.length));
  if (match === null) return undefined;
  const [, name, script, line, nameAlone] = match;
  if (script === undefined) return { runtime: 'node', name: nameAlone ?? '', script: '', line: 0 };
  return { runtime: 'node', name: name ?? '', script, line: Number(line) };
}
