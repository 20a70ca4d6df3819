/** Keys that mean something else in one view than in the tree. */
import { bind } from './binding.ts';

/** Keys that mean something else in the flame view; all others mean there what they mean in the tree. */
export const flameKeys = bind([
  { command: 'row-below', keys: ['j', 'down'], text: 'frame below', section: 'Flame', hint: 'move' },
  { command: 'row-above', keys: ['k', 'up'], text: 'frame above', section: 'Flame' },
  { command: 'frame-left', keys: ['h', 'left', '{'], text: 'frame to the left', section: 'Flame' },
  { command: 'frame-right', keys: ['l', 'right', '}'], text: 'frame to the right', section: 'Flame' },
  { command: 'root-frame', keys: ['g', 'home'], text: 'root frame', section: 'Flame' },
  { command: 'leaf-frame', keys: ['G', 'end'], text: 'leaf of the widest path', section: 'Flame' },
  { command: 'page-below', keys: ['ctrl+d', 'pagedown'], text: 'half a page down', section: 'Flame' },
  { command: 'page-above', keys: ['ctrl+u', 'pageup'], text: 'half a page up', section: 'Flame' },
]);

/** In a pane of the functions view the keys of movement walk its rows. */
export const functionKeys = bind([
  {
    command: 'function-below',
    keys: ['j', 'down'],
    text: 'next function',
    section: 'Functions',
    hint: 'move',
  },
  { command: 'function-above', keys: ['k', 'up'], text: 'previous function', section: 'Functions' },
  { command: 'first-function', keys: ['g', 'home'], text: 'first function', section: 'Functions' },
  { command: 'last-function', keys: ['G', 'end'], text: 'last function', section: 'Functions' },
  { command: 'functions-down', keys: ['ctrl+d', 'pagedown'], text: 'half a page down', section: 'Functions' },
  { command: 'functions-up', keys: ['ctrl+u', 'pageup'], text: 'half a page up', section: 'Functions' },
  {
    command: 'to-callers',
    keys: ['h', 'left'],
    text: 'to its callers',
    section: 'Functions',
    hint: 'callers',
  },
  {
    command: 'to-callees',
    keys: ['l', 'right'],
    text: 'to what it calls',
    section: 'Functions',
    hint: 'callees',
  },
  {
    command: 'centre',
    keys: ['enter'],
    text: 'centre on it, or to the tree',
    section: 'Functions',
    hint: 'centre, tree',
  },
  {
    command: 'to-list',
    keys: ['escape', 'backspace'],
    text: 'to the list, then go back',
    section: 'Functions',
    hint: 'back',
  },
]);

export const threadKeys = bind([
  {
    command: 'only-thread',
    keys: ['enter'],
    text: 'show only this thread',
    section: 'Threads',
    hint: 'only this',
  },
  { command: 'toggle-thread', keys: ['t'], text: 'take it in, out', section: 'Threads', hint: 'in, out' },
]);
