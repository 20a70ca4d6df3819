/** The output panel: banner, title and lines of the launched command's output, all of them live regions. */
import { Box, Text } from 'ink';
import type { ReactNode } from 'react';
import { footerHints } from './keymap.ts';
import { screenLayout } from './layout.ts';
import type { TreeRegions } from './regions.ts';
import { lineWidth, type ScreenSize } from './screen/frame.ts';
import { LiveRegion } from './screen/region.tsx';
import { fitPieces } from './text.ts';
import type { Theme } from './theme.ts';

export interface OutputPanelProps {
  readonly size: ScreenSize;
  readonly regions: TreeRegions;
  readonly theme: Theme;
}

export function OutputPanel({ size, regions, theme }: OutputPanelProps): ReactNode {
  const layout = screenLayout(size, false);
  // The way out is the last hint and stays.
  const hints = footerHints('output', theme.glyphs);
  const pieces = hints.map((text, at) => ({ text, rank: at === hints.length - 1 ? 0 : at + 1 }));
  const line = fitPieces(pieces, '  ', lineWidth(size)).map((piece) => piece.text);
  return (
    <Box flexDirection="column" width={lineWidth(size)} height={size.rows}>
      <LiveRegion region={regions.banner} height={layout.bannerLines} flexShrink={0} />
      <LiveRegion region={regions.output.title} height={1} flexShrink={0} />
      <LiveRegion region={regions.output.lines} flexGrow={1} />
      {layout.hasFooter && (
        <Box height={1} flexShrink={0}>
          <Text wrap="truncate">{theme.paint('dim', line.join('  '))}</Text>
        </Box>
      )}
    </Box>
  );
}
