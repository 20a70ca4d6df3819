/** What the screen is drawn with: one glyph set (Unicode or ASCII) and the colours of one theme. */

import type { FunctionKind } from '../profile/frames.ts';
import { type FrameFills, type Role, type ThemeName, themeNames, themes } from './theme-colours.ts';

export type { Role } from './theme-colours.ts';

export interface Glyphs {
  readonly opened: string;
  readonly closed: string;
  readonly leaf: string;
  readonly marked: string;
  readonly warning: string;
  readonly live: string;
  readonly paused: string;
  readonly ended: string;
  /** Nine heights, the first one blank. */
  readonly bars: readonly string[];
  readonly ellipsis: string;
  readonly crumb: string;
  readonly arrow: string;
  readonly delta: string;
  readonly enter: string;
  readonly arrows: readonly [left: string, down: string, up: string, right: string];
  readonly rule: string;
  readonly cursor: string;
  readonly plusMinus: string;
  readonly micro: string;
  readonly sorted: readonly [down: string, up: string];
  /** The last cell of a frame of the flame view. */
  readonly edge: string;
  /** A frame narrower than a cell. */
  readonly narrow: string;
  /** What frames are filled with where there is no colour. */
  readonly fills: Readonly<Record<FunctionKind | 'match', string>>;
  readonly box: Readonly<Record<BoxPart, string>>;
}

type BoxPart = 'topLeft' | 'top' | 'topRight' | 'left' | 'bottomLeft' | 'bottom' | 'bottomRight' | 'right';

const unicodeGlyphs: Glyphs = {
  opened: '▾',
  closed: '▸',
  leaf: '·',
  marked: '◆',
  warning: '▲',
  live: '●',
  paused: '○',
  ended: '■',
  bars: [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  ellipsis: '…',
  crumb: '›',
  arrow: '→',
  delta: 'Δ',
  enter: '⏎',
  arrows: ['←', '↓', '↑', '→'],
  rule: '─',
  cursor: '▏',
  plusMinus: '±',
  micro: 'µ',
  sorted: ['▾', '▴'],
  edge: '▌',
  narrow: '▐',
  fills: { root: '█', native: '█', kernel: '▒', runtime: '▒', jit: '░', marked: '░', match: '▓' },
  box: {
    topLeft: '┌',
    top: '─',
    topRight: '┐',
    left: '│',
    bottomLeft: '└',
    bottom: '─',
    bottomRight: '┘',
    right: '│',
  },
};

const asciiGlyphs: Glyphs = {
  opened: '-',
  closed: '+',
  leaf: '.',
  marked: '#',
  warning: '!',
  live: '*',
  paused: 'o',
  ended: 'x',
  bars: [' ', '.', ':', '-', '=', '+', '*', '#', '%'],
  ellipsis: '~',
  crumb: '/',
  arrow: '->',
  delta: 'd',
  enter: 'Ent',
  arrows: ['Left', 'Down', 'Up', 'Right'],
  rule: '-',
  cursor: '_',
  plusMinus: '+-',
  micro: 'u',
  sorted: ['v', '^'],
  edge: '|',
  narrow: '!',
  fills: { root: '=', native: '=', kernel: ':', runtime: '+', jit: '-', marked: '.', match: '%' },
  box: {
    topLeft: '+',
    top: '-',
    topRight: '+',
    left: '|',
    bottomLeft: '+',
    bottom: '-',
    bottomRight: '+',
    right: '|',
  },
};

export interface Theme {
  readonly glyphs: Glyphs;
  readonly isAscii: boolean;
  readonly name: ThemeName;
  /** How frames of the flame view are filled; undefined without colour. */
  readonly frames: FrameFills | undefined;
  /** Wraps text in the role's SGR codes and closes them; text without a code is returned as it is. */
  paint(role: Role, text: string): string;
  /** Goes over to the theme after this one; what is drawn from now on has its colours. */
  change(): void;
}

/** @param options `color` true is the palette of the user's terminal, false none */
export function createTheme(options: {
  readonly ascii: boolean;
  readonly color: boolean | ThemeName;
}): Theme {
  let name: ThemeName = options.color === true ? '16' : options.color === false ? 'none' : options.color;
  return {
    glyphs: options.ascii ? asciiGlyphs : unicodeGlyphs,
    isAscii: options.ascii,
    get name() {
      return name;
    },
    get frames() {
      return themes[name].frames;
    },
    paint(role, text) {
      const code = themes[name].roles[role];
      return code === '' || text === '' ? text : `\x1b[${code}m${text}\x1b[0m`;
    },
    change() {
      name = themeNames[(themeNames.indexOf(name) + 1) % themeNames.length] as ThemeName;
    },
  };
}
