/** The box of a panel over the tree, with lines that were made elsewhere. */
import { Box, Text } from 'ink';
import type { ReactNode } from 'react';
import type { PanelLine } from './panel-lines.ts';
import { lineWidth, type ScreenSize } from './screen/frame.ts';
import type { MouseAction } from './screen/painter.ts';
import { Overlay } from './screen/region.tsx';
import type { Theme } from './theme.ts';

export interface PanelProps {
  readonly size: ScreenSize;
  readonly theme: Theme;
  /** Lines of the screen the panel may take. */
  readonly height: number;
  readonly lines: (width: number, room: number) => readonly PanelLine[];
  /** @param entry what of its list lies under the mouse */
  readonly onMouse: (action: MouseAction, entry: number | undefined) => void;
}

/** Border and one cell of padding on both sides. */
const frameCells = 4;
const borderLines = 2;

export function Panel({ size, theme, height, lines, onMouse }: PanelProps): ReactNode {
  const width = Math.min(lineWidth(size), 100);
  const shown = lines(Math.max(1, width - frameCells), Math.max(1, height - borderLines));
  // The first line of the box is its border.
  const region = { mouse: (action: MouseAction, line: number) => onMouse(action, shown[line - 1]?.entry) };
  return (
    <Box position="absolute" width="100%" flexDirection="column" alignItems="center">
      <Overlay
        region={region}
        width={width}
        flexDirection="column"
        borderStyle={theme.glyphs.box}
        paddingX={1}
      >
        {shown.map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place
          <Text key={at} wrap="truncate">
            {line.isChosen ? theme.paint('title', line.text) : line.text || ' '}
          </Text>
        ))}
      </Overlay>
    </Box>
  );
}
