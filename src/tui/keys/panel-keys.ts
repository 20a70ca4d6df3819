/** Keys of the panels that open over a view. */
import { bind } from './binding.ts';

export const whyKeys = bind([
  { command: 'down', keys: ['j', 'down'], text: 'next gate', section: 'Why panel', hint: 'choose' },
  { command: 'up', keys: ['k', 'up'], text: 'previous gate', section: 'Why panel' },
  { command: 'copy-cure', keys: ['y'], text: 'copy the cure', section: 'Why panel', hint: 'copy the cure' },
  { command: 'probe', keys: ['r'], text: 'try every gate again', section: 'Why panel', hint: 'probe again' },
  {
    command: 'dismiss',
    keys: ['escape', 'q', 'w'],
    text: 'close the panel',
    section: 'Why panel',
    hint: 'close',
  },
]);

export const engineKeys = bind([
  { command: 'down', keys: ['j', 'down'], text: 'next engine', section: 'Engine panel', hint: 'choose' },
  { command: 'up', keys: ['k', 'up'], text: 'previous engine', section: 'Engine panel' },
  { command: 'switch', keys: ['enter'], text: 'switch to it', section: 'Engine panel', hint: 'switch' },
  { command: 'slower', keys: ['-'], text: 'fewer samples a second', section: 'Engine panel', hint: 'rate' },
  { command: 'faster', keys: ['+', '='], text: 'more samples a second', section: 'Engine panel' },
  {
    command: 'probe',
    keys: ['r'],
    text: 'try every gate again',
    section: 'Engine panel',
    hint: 'probe again',
  },
  { command: 'copy-cure', keys: ['y'], text: 'copy the cure', section: 'Engine panel' },
  {
    command: 'dismiss',
    keys: ['escape', 'q', 'e'],
    text: 'close the panel',
    section: 'Engine panel',
    hint: 'close',
  },
  { command: 'why', keys: ['w'], text: 'go to the why panel', section: 'Engine panel' },
]);

export const outputKeys = bind([
  { command: 'down', keys: ['j', 'down'], text: 'next line', section: 'Output panel', hint: 'move' },
  { command: 'up', keys: ['k', 'up'], text: 'previous line', section: 'Output panel' },
  { command: 'half-down', keys: ['ctrl+d', 'pagedown'], text: 'half a page down', section: 'Output panel' },
  { command: 'half-up', keys: ['ctrl+u', 'pageup'], text: 'half a page up', section: 'Output panel' },
  { command: 'first', keys: ['g', 'home'], text: 'first line kept', section: 'Output panel', hint: 'first' },
  { command: 'last', keys: ['G', 'end'], text: 'follow the end', section: 'Output panel', hint: 'follow' },
  {
    command: 'dismiss',
    keys: ['escape', 'q', 'O'],
    text: 'close the panel',
    section: 'Output panel',
    hint: 'close',
  },
]);

export const sourceKeys = bind([
  { command: 'down', keys: ['j', 'down'], text: 'next line', section: 'Source panel', hint: 'move' },
  { command: 'up', keys: ['k', 'up'], text: 'previous line', section: 'Source panel' },
  { command: 'half-down', keys: ['ctrl+d', 'pagedown'], text: 'half a page down', section: 'Source panel' },
  { command: 'half-up', keys: ['ctrl+u', 'pageup'], text: 'half a page up', section: 'Source panel' },
  { command: 'first', keys: ['g', 'home'], text: 'first line', section: 'Source panel' },
  { command: 'last', keys: ['G', 'end'], text: 'last line', section: 'Source panel' },
  {
    command: 'hotter',
    keys: ['H'],
    text: 'next hottest line',
    section: 'Source panel',
    hint: 'next hottest',
  },
  {
    command: 'form',
    keys: ['a'],
    text: 'source, instructions',
    section: 'Source panel',
    hint: 'instructions',
  },
  { command: 'again', keys: ['r'], text: 'take the weights anew', section: 'Source panel', hint: 'anew' },
  {
    command: 'copy',
    keys: ['y'],
    text: 'copy the cure, or the place',
    section: 'Source panel',
    hint: 'copy',
  },
  {
    command: 'dismiss',
    keys: ['escape', 'q'],
    text: 'close the panel',
    section: 'Source panel',
    hint: 'close',
  },
]);
