/**
 * How a frame of the flame view is filled: by module in colour, by kind in glyphs where there is none. A match and
 * the selection differ by more than colour.
 */
import type { ProfileFunction } from '../profile/functions.ts';
import type { Theme } from './theme.ts';
import type { FrameFill, FrameFills } from './theme-colours.ts';

export interface FrameLook {
  /** What stands where the label does not. */
  readonly fill: string;
  /** SGR codes of the body and of the edge, '' for none. */
  readonly body: string;
  readonly edge: string;
}

export function frameLook(func: ProfileFunction, isMatch: boolean, theme: Theme): FrameLook {
  const { fills } = theme.glyphs;
  const { frames } = theme;
  if (frames === undefined) {
    return { fill: isMatch ? fills.match : fills[func.kind], body: isMatch ? '1;4' : '', edge: '' };
  }
  const { body, edge } =
    isMatch && func.kind !== 'root'
      ? frames.match
      : (frames.kinds[func.kind] ?? moduleFill(func.module, frames));
  return { fill: ' ', body: isMatch ? `${body};1;4` : body, edge };
}

const [grownColour, shrunkColour, sameColour] = [41, 42, 100];
/** Less than this is no change: what a column would leave blank. */
const leastChange = 0.0005;
export const changeFills = { more: '+', less: '-', same: ' ' } as const;

/** By how a share has changed: red and `+` for more, green and `-` for less. */
export function changeLook(change: number, isMatch: boolean, theme: Theme): FrameLook {
  const [fill, colour] =
    Math.abs(change) < leastChange
      ? [changeFills.same, sameColour]
      : change > 0
        ? [changeFills.more, grownColour]
        : [changeFills.less, shrunkColour];
  const emphasis = isMatch ? '1;4' : '';
  if (theme.frames === undefined) return { fill, body: emphasis, edge: '' };
  const foreground = colour === sameColour ? 97 : 30;
  return {
    fill,
    body: [`${foreground};${colour}`, emphasis].filter((code) => code !== '').join(';'),
    edge: `${colour - 10}`,
  };
}

/** The same module has the same colour in every run: a hash of its letters (FNV-1a), not the order of sight. */
function moduleFill(module: string, { modules }: FrameFills): FrameFill {
  let hash = 0x811c9dc5;
  for (let i = 0; i < module.length; i++) hash = Math.imul(hash ^ module.charCodeAt(i), 0x01000193);
  return modules[((hash >>> 16) ^ (hash & 0xffff)) % modules.length] as FrameFill;
}

export function sgr(code: string, text: string): string {
  return code === '' || text === '' ? text : `\x1b[${code}m${text}\x1b[0m`;
}
