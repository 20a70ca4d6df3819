/** What a function of a language runtime is called on screen and in files: its name and where it begins. Pure. */
import type { FrameName, RuntimeFunction } from './frames.ts';

/** Shown where a native frame has its file. */
const runtimeModule = 'js';

/** `renderPage render.js:12`: functions are told apart by where they begin, since many share a name or have none. */
export function runtimeFrameName(frame: number, { name, script, line }: RuntimeFunction): FrameName {
  const source = sourceOf(script, line);
  // Modules of Node itself are known by the whole of it: `node:internal/timers:438`.
  const place = script.startsWith('node:') ? source : source.slice(source.lastIndexOf('/') + 1);
  const shown = name === '' ? '(anonymous)' : name;
  const named = { frame, name: place === '' ? shown : `${shown} ${place}`, module: runtimeModule };
  return { ...named, ...(source === '' ? {} : { source }), hasSymbol: true };
}

function sourceOf(script: string, line: number): string {
  const path = script.replace(/^file:\/\//, '');
  if (path === '') return '';
  return line > 0 ? `${path}:${line}` : path;
}
