/**
 * What the screen is drawn with: one glyph set (Unicode or ASCII) and one table of roles to SGR codes.
 * Colours are the 16 of the user's own palette; nothing is told by colour alone, every role has a glyph or a word.
 */

import type { FunctionKind } from '../profile/frames.ts';

export type Role =
  | 'plain'
  | 'dim'
  | 'title'
  | 'live'
  | 'paused'
  | 'warning'
  | 'marked'
  | 'kernel'
  | 'jit'
  | 'match'
  | 'selected'
  | 'up'
  | 'down';

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
  fills: { root: '█', native: '█', kernel: '▒', jit: '░', marked: '░', match: '▓' },
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
  fills: { root: '=', native: '=', kernel: ':', jit: '-', marked: '.', match: '%' },
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

const colourCodes: Readonly<Record<Role, string>> = {
  plain: '',
  dim: '2',
  title: '1',
  live: '32',
  paused: '1;33',
  warning: '1;33',
  marked: '35',
  kernel: '36',
  jit: '34',
  match: '1;4',
  selected: '7',
  up: '31',
  down: '32',
};

/** Without colour only bold, dim, underline and inverse remain. */
const monochromeCodes: Readonly<Record<Role, string>> = {
  plain: '',
  dim: '2',
  title: '1',
  live: '',
  paused: '1',
  warning: '1',
  marked: '',
  kernel: '',
  jit: '',
  match: '1;4',
  selected: '7',
  up: '',
  down: '',
};

export interface Theme {
  readonly glyphs: Glyphs;
  readonly isAscii: boolean;
  readonly hasColour: boolean;
  /** Wraps text in the role's SGR codes and closes them; text without a code is returned as it is. */
  paint(role: Role, text: string): string;
}

export function createTheme(options: { readonly ascii: boolean; readonly color: boolean }): Theme {
  const codes = options.color ? colourCodes : monochromeCodes;
  return {
    glyphs: options.ascii ? asciiGlyphs : unicodeGlyphs,
    isAscii: options.ascii,
    hasColour: options.color,
    paint(role, text) {
      const code = codes[role];
      return code === '' || text === '' ? text : `\x1b[${code}m${text}\x1b[0m`;
    },
  };
}
