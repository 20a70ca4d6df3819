/** The command palette: what was typed, the commands that answer it best first, and their keys. Pure. */
import { keyLabel, viewBindings } from './keys/shown-keys.ts';
import { answerRank } from './narrow.ts';
import { hintLine, type PanelLine, visible } from './panel-lines.ts';
import { cellWidth, cutEnd, padEnd } from './text.ts';
import type { Theme } from './theme.ts';
import type { ViewName } from './views.ts';

export interface PaletteEntry {
  readonly text: string;
  readonly section: string;
  readonly keys: readonly string[];
}

/** The commands of a view that answer `filter`; in the order of the key map where they do it equally well. */
export function paletteEntries(view: ViewName, filter: string): readonly PaletteEntry[] {
  const none = Number.POSITIVE_INFINITY;
  const rankOf = (text: string) => answerRank(filter, text) ?? none;
  const ranked = viewBindings(view)
    .filter(({ command }) => command !== 'palette')
    .map((binding) => {
      // The name of the section helps where the words alone answer less.
      const bySection = rankOf(`${binding.section} ${binding.text}`) + 0.5;
      return { binding, rank: Math.min(rankOf(binding.text), bySection) };
    })
    .filter(({ rank }) => rank < none);
  return ranked.sort((a, b) => a.rank - b.rank).map(({ binding }) => binding);
}

/** @param room lines there are for all; the list scrolls so that the chosen one is among them */
export function paletteLines(
  view: ViewName,
  { filter, chosen }: { readonly filter: string; readonly chosen: number },
  theme: Theme,
  width: number,
  room: number,
): readonly PanelLine[] {
  const { ellipsis, cursor } = theme.glyphs;
  const plain = (text: string): PanelLine => ({ text: cutEnd(text, width, ellipsis), isChosen: false });
  const entries = paletteEntries(view, filter);
  const prompt = `:${visible(filter, theme)}${cursor}`;
  const hint = filter === '' ? '   type to narrow' : entries.length === 0 ? '   no command answers this' : '';
  const listRoom = Math.max(1, room - 2);
  const first = Math.max(0, Math.min(chosen - listRoom + 1, entries.length - listRoom));
  const keysOf = ({ keys }: PaletteEntry) => keys.map((key) => keyLabel(key, theme.glyphs)).join(' ');
  const keyWidth = Math.min(16, Math.max(4, ...entries.map((entry) => cellWidth(keysOf(entry)))));
  const list = entries.slice(first, first + listRoom).map((entry, at) => {
    const isChosen = first + at === chosen;
    const text = padEnd(cutEnd(entry.text, width - keyWidth - 3, ellipsis), width - keyWidth - 3);
    return {
      text: cutEnd(`${isChosen ? '>' : ' '} ${text} ${keysOf(entry)}`, width, ellipsis),
      isChosen,
      entry: first + at,
    };
  });
  return [plain(prompt + hint), ...list, plain(hintLine('palette', theme, width))].slice(
    0,
    Math.max(1, room),
  );
}
