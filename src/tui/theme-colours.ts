/**
 * The themes: for each one a table of roles to SGR codes and the fills of the flame view. Nothing is told by colour
 * alone, every role has a glyph or a word; the selection and a match differ by more than colour in all of them.
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
  | 'runtime'
  | 'jit'
  | 'match'
  | 'selected'
  | 'up'
  | 'down';

/** 16: the palette of the user's own terminal. dark, light: 256 colours, for a background of that kind. */
export const themeNames = ['16', 'dark', 'light', 'none'] as const;
export type ThemeName = (typeof themeNames)[number];

/** SGR codes of a frame's body and of its last cell. */
export interface FrameFill {
  readonly body: string;
  readonly edge: string;
}

export interface FrameFills {
  readonly modules: readonly FrameFill[];
  readonly kinds: Readonly<Partial<Record<FunctionKind, FrameFill>>>;
  readonly match: FrameFill;
}

export interface Colours {
  readonly roles: Readonly<Record<Role, string>>;
  /** Undefined without colour: frames are told apart by glyphs. */
  readonly frames: FrameFills | undefined;
}

/** A background of the palette; its foreground is ten less. */
const palette = (background: number): FrameFill => ({
  body: `30;${background}`,
  edge: `${background - 10}`,
});

/** A background of the 256, with black letters on it. */
const indexed = (colour: number): FrameFill => ({ body: `38;5;16;48;5;${colour}`, edge: `38;5;${colour}` });

const own: Colours = {
  roles: {
    plain: '',
    dim: '2',
    title: '1',
    live: '32',
    paused: '1;33',
    warning: '1;33',
    marked: '35',
    kernel: '36',
    runtime: '34',
    jit: '1;34',
    match: '1;4',
    selected: '7',
    up: '31',
    down: '32',
  },
  frames: {
    // Cyan, magenta and blue are kept for kinds.
    modules: [43, 42, 41, 103, 102, 101].map(palette),
    kinds: {
      kernel: palette(46),
      runtime: palette(104),
      marked: palette(45),
      jit: { body: '97;44', edge: '34' },
      root: { body: '97;100', edge: '90' },
    },
    match: palette(47),
  },
};

const dark: Colours = {
  roles: {
    plain: '',
    dim: '38;5;245',
    title: '1;38;5;255',
    live: '38;5;114',
    paused: '1;38;5;221',
    warning: '1;38;5;221',
    marked: '38;5;177',
    kernel: '38;5;80',
    runtime: '38;5;111',
    jit: '38;5;75',
    match: '1;4;38;5;229',
    selected: '7',
    up: '38;5;210',
    down: '38;5;114',
  },
  frames: {
    modules: [179, 143, 173, 186, 150, 216].map(indexed),
    kinds: {
      kernel: indexed(73),
      runtime: indexed(110),
      marked: indexed(140),
      jit: indexed(68),
      root: { body: '38;5;255;48;5;239', edge: '38;5;239' },
    },
    match: indexed(255),
  },
};

const light: Colours = {
  roles: {
    plain: '',
    dim: '38;5;241',
    title: '1;38;5;16',
    live: '38;5;28',
    paused: '1;38;5;130',
    warning: '1;38;5;130',
    marked: '38;5;90',
    kernel: '38;5;30',
    runtime: '38;5;25',
    jit: '38;5;61',
    match: '1;4;38;5;94',
    selected: '7',
    up: '38;5;160',
    down: '38;5;28',
  },
  frames: {
    modules: [222, 194, 224, 229, 193, 217].map(indexed),
    kinds: {
      kernel: indexed(152),
      runtime: indexed(189),
      marked: indexed(183),
      jit: indexed(153),
      root: { body: '38;5;16;48;5;252', edge: '38;5;252' },
    },
    match: { body: '38;5;255;48;5;240', edge: '38;5;240' },
  },
};

/** Only bold, dim, underline and inverse remain. */
const none: Colours = {
  roles: {
    plain: '',
    dim: '2',
    title: '1',
    live: '',
    paused: '1',
    warning: '1',
    marked: '',
    kernel: '',
    runtime: '',
    jit: '',
    match: '1;4',
    selected: '7',
    up: '',
    down: '',
  },
  frames: undefined,
};

export const themes: Readonly<Record<ThemeName, Colours>> = { '16': own, dark, light, none };
