/** A panel that takes the whole screen: banner, title and lines, all of them live regions, and its keys at the foot. */
import { Box, Text } from 'ink';
import type { ReactNode } from 'react';
import { screenLayout } from './layout.ts';
import { hintLine } from './panel-lines.ts';
import type { TreeRegions } from './regions.ts';
import { lineWidth } from './screen/frame.ts';
import { LiveRegion } from './screen/region.tsx';
import type { Structure } from './state.ts';
import { cutEnd } from './text.ts';
import type { Theme } from './theme.ts';

export interface FullPanelProps {
  readonly mode: 'output' | 'source';
  readonly structure: Structure;
  readonly regions: TreeRegions;
  readonly theme: Theme;
}

export function FullPanel({ mode, structure, regions, theme }: FullPanelProps): ReactNode {
  const { size, toast } = structure;
  const layout = screenLayout(size, false);
  const width = lineWidth(size);
  return (
    <Box flexDirection="column" width={width} height={size.rows}>
      <LiveRegion region={regions.banner} height={layout.bannerLines} flexShrink={0} />
      <LiveRegion region={regions[mode].title} height={1} flexShrink={0} />
      <LiveRegion region={regions[mode].lines} flexGrow={1} />
      {layout.hasFooter && (
        <Box height={1} flexShrink={0}>
          <Text wrap="truncate">
            {toast === ''
              ? theme.paint('dim', hintLine(mode, theme, width))
              : theme.paint('title', cutEnd(toast, width, theme.glyphs.ellipsis))}
          </Text>
        </Box>
      )}
    </Box>
  );
}
