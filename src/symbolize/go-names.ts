/** What frames of a Go program are called: by the names that its runtime has for them, as its own profiler shows them. */
import type { FrameName, Origin } from '../profile/frames.ts';
import { originOf } from '../profile/runtime-names.ts';
import type { GoPlace } from './go-program.ts';

export function goFrameName(
  frame: number,
  module: string,
  own: GoPlace,
  inlined: readonly GoPlace[],
): FrameName {
  const name = { frame, name: own.name, module, hasSymbol: true, ...goOriginOf(own) };
  if (inlined.length === 0) return name;
  return { ...name, inlined: inlined.map((place) => ({ name: place.name, ...goOriginOf(place) })) };
}

function goOriginOf({ script, firstLine }: GoPlace): Origin {
  return originOf('go', script, firstLine);
}
