/** The box of the why panel, over the tree. Its lines come from `why-lines.ts`. */
import { Box, Text } from 'ink';
import type { ReactNode } from 'react';
import type { SessionStatus } from '../engine/status.ts';
import { lineWidth, type ScreenSize } from './screen/frame.ts';
import { Overlay } from './screen/region.tsx';
import type { Theme } from './theme.ts';
import { whyLines } from './why-lines.ts';

export interface WhyPanelProps {
  readonly size: ScreenSize;
  readonly status: SessionStatus;
  readonly gate: number;
  readonly theme: Theme;
  /** Lines of the screen the panel may take. */
  readonly height: number;
}

/** Border and one cell of padding on both sides. */
const frameCells = 4;

export function WhyPanel({ size, status, gate, theme, height }: WhyPanelProps): ReactNode {
  const width = Math.min(lineWidth(size), 100);
  const lines = whyLines(status, gate, theme, Math.max(1, width - frameCells), Math.max(1, height - 2));
  return (
    <Box position="absolute" width="100%" flexDirection="column" alignItems="center">
      <Overlay width={width} flexDirection="column" borderStyle={theme.glyphs.box} paddingX={1}>
        {lines.map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place
          <Text key={at} wrap="truncate">
            {line.isChosen ? theme.paint('title', line.text) : line.text || ' '}
          </Text>
        ))}
      </Overlay>
    </Box>
  );
}
