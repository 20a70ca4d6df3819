/** What a function of a language runtime is called on screen and in files: its name and where it begins. Pure. */
import type { FrameName, Origin, RuntimeFunction, RuntimeName } from './frames.ts';

/** Shown where a native frame has its file. */
const runtimeModules: Readonly<Record<RuntimeName, string>> = {
  node: 'js',
  java: 'java',
  python: 'python',
  go: 'go',
};

/** A module without a URL of its own, or one. */
const wasmScript = /^wasm:|\.wasm$/;

/** `renderPage render.js:12`: functions are told apart by where they begin, since many share a name or have none. */
export function runtimeFrameName(frame: number, { name, runtime, script, line }: RuntimeFunction): FrameName {
  const origin = originOf(runtime, script, line);
  const source = sourceOf(origin);
  // Modules of Node itself are known by the whole of it: `node:internal/timers:438`.
  const place = script.startsWith('node:') ? source : source.slice(source.lastIndexOf('/') + 1);
  const shown = name === '' ? '(anonymous)' : name;
  const text = place === '' ? shown : `${shown} ${place}`;
  const module = wasmScript.test(script) ? 'wasm' : runtimeModules[runtime];
  return { frame, name: text, module, ...origin, hasSymbol: true };
}

/** @param line from 1; 0 when it cannot be told */
export function originOf(runtime: RuntimeName, url: string, line: number): Origin {
  const script = url.replace(/^file:\/\//, '');
  if (script === '') return { runtime };
  return line > 0 ? { runtime, script, line } : { runtime, script };
}

/** `/srv/app/render.js:12`; empty when it is not known where. */
export function sourceOf({ script, line }: Origin): string {
  if (script === undefined) return '';
  return line === undefined ? script : `${script}:${line}`;
}
