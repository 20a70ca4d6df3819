/**
 * The tree screen as components: where the live regions lie, the footer, the popups. Commits only when the structure
 * of the screen changes, never for data or for the cursor.
 */
import { Box, Text } from 'ink';
import { type ReactNode, useSyncExternalStore } from 'react';
import { EnginePanel } from './engine-panel.tsx';
import { exportPromptLine } from './file-commands.ts';
import { FullPanel } from './full-panel.tsx';
import { Help } from './help.tsx';
import { footerHints } from './keys/shown-keys.ts';
import { headLines, screenLayout } from './layout.ts';
import { paletteLines } from './palette-lines.ts';
import { Panel } from './panel.tsx';
import type { TreeRegions } from './regions.ts';
import { lineWidth } from './screen/frame.ts';
import { LiveRegion } from './screen/region.tsx';
import type { Structure } from './state.ts';
import type { Store } from './store.ts';
import { cutEnd, fitPieces } from './text.ts';
import type { Theme } from './theme.ts';
import { WhyPanel } from './why-panel.tsx';

export interface AppProps {
  readonly store: Store;
  readonly regions: TreeRegions;
  readonly theme: Theme;
}

export function App({ store, regions, theme }: AppProps): ReactNode {
  const structure = useSyncExternalStore(store.subscribe, store.structure);
  const { size, popup, hasNotice, isFinding } = structure;
  const layout = screenLayout(size, hasNotice, structure);
  if (layout.isTooSmall) return <Text wrap="truncate">too small</Text>;
  if (popup?.kind === 'help') {
    return <Help size={size} filter={popup.filter} scroll={popup.scroll} theme={theme} />;
  }
  if (popup?.kind === 'output' || popup?.kind === 'source') {
    return <FullPanel mode={popup.kind} structure={structure} regions={regions} theme={theme} />;
  }
  const head = headLines(layout);
  // A panel may cover all but the head and the footer.
  const panelHeight = size.rows - head - (layout.hasFooter ? 1 : 0);
  const detailRows = layout.detailLines === 0 ? 0 : layout.detailLines + 1;
  return (
    <Box flexDirection="column" width={lineWidth(size)} height={size.rows}>
      <LiveRegion region={regions.head} height={head} flexShrink={0} />
      <Box flexGrow={1} flexDirection="column">
        <LiveRegion region={regions.rows} flexGrow={1} />
        {popup?.kind === 'why' && (
          <WhyPanel
            size={size}
            status={popup.status}
            gate={popup.gate}
            theme={theme}
            height={panelHeight}
            onMouse={regions.panelMouse}
          />
        )}
        {popup?.kind === 'palette' && (
          <Panel
            size={size}
            theme={theme}
            height={panelHeight}
            lines={(width, room) => paletteLines(structure.view, popup, theme, width, room)}
            onMouse={regions.panelMouse}
          />
        )}
        {popup?.kind === 'engine' && (
          <EnginePanel
            size={size}
            status={popup.status}
            chosen={popup.chosen}
            theme={theme}
            height={panelHeight}
            onMouse={regions.panelMouse}
          />
        )}
      </Box>
      {detailRows > 0 && <LiveRegion region={regions.details} height={detailRows} flexShrink={0} />}
      {popup?.kind === 'export' && (
        <Box height={1} flexShrink={0}>
          <Text wrap="truncate">{exportPromptLine(popup.path, theme, lineWidth(size))}</Text>
        </Box>
      )}
      {isFinding && <LiveRegion region={regions.prompt} height={1} flexShrink={0} />}
      {!isFinding && popup?.kind !== 'export' && layout.hasFooter && (
        <Footer structure={structure} theme={theme} />
      )}
    </Box>
  );
}

function Footer({ structure, theme }: { readonly structure: Structure; readonly theme: Theme }): ReactNode {
  const width = lineWidth(structure.size);
  const hints = footerHints(structure.view, theme.glyphs);
  // The later a hint stands in the key map, the earlier it goes; help and quit stay.
  const pieces = hints.map((text, at) => ({ text, rank: at >= hints.length - 2 ? 0 : at + 1 }));
  const line =
    structure.toast ||
    fitPieces(pieces, '  ', width)
      .map((piece) => piece.text)
      .join('  ');
  return (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate">
        {theme.paint(structure.toast === '' ? 'dim' : 'title', cutEnd(line, width, theme.glyphs.ellipsis))}
      </Text>
    </Box>
  );
}
