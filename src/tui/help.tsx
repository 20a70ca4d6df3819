/** The help screen: every key, scrolled and filtered. Its lines come from `help-lines.ts`. */
import { Box, Text } from 'ink';
import type { ReactNode } from 'react';
import { helpLines } from './help-lines.ts';
import { lineWidth, type ScreenSize } from './screen/frame.ts';
import { Overlay } from './screen/region.tsx';
import { cutEnd, fitPieces } from './text.ts';
import type { Theme } from './theme.ts';

export interface HelpProps {
  readonly size: ScreenSize;
  readonly filter: string;
  readonly scroll: number;
  readonly theme: Theme;
}

export function Help({ size, filter, scroll, theme }: HelpProps): ReactNode {
  const lines = helpLines(theme.glyphs, filter, size);
  const height = Math.max(1, size.rows - 1);
  const shown = lines.slice(scroll, scroll + height);
  return (
    <Overlay flexDirection="column" width="100%" height={size.rows}>
      <Text wrap="truncate">{headLine(filter, lines.length, height, theme, lineWidth(size))}</Text>
      <Box flexDirection="column">
        {shown.map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place
          <Text key={at} wrap="truncate">
            {line.isHeading ? theme.paint('title', line.text) : line.text}
          </Text>
        ))}
      </Box>
    </Overlay>
  );
}

function headLine(filter: string, lines: number, height: number, theme: Theme, width: number): string {
  const typed = filter === '' ? 'type to filter' : `filter: ${filter}${theme.glyphs.cursor}`;
  const [, down, up] = theme.glyphs.arrows;
  const pieces = [
    { text: 'Keys', rank: 2 },
    { text: typed, rank: 0 },
    { text: 'esc closes', rank: 0 },
    { text: lines > height ? `${up}${down} scroll` : '', rank: 1 },
    { text: lines === 0 ? 'no key matches' : '', rank: 3 },
  ];
  const line = fitPieces(pieces, '  ', width - 1).map((piece) => piece.text);
  return cutEnd(` ${line.join('  ')}`, width, theme.glyphs.ellipsis);
}
