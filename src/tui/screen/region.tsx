/**
 * The two marks a component can set on the screen: lines that the painter draws, and lines of a popup that it must
 * leave alone. Both render an ordinary Ink box, so the layout stays Ink's.
 */
import { Box, type BoxProps, type DOMElement } from 'ink';
import { createContext, type ReactNode, useContext, useLayoutEffect, useRef } from 'react';
import type { Painter, Region } from './painter.ts';

export const PainterContext = createContext<Painter | undefined>(undefined);

/** Reserves full-width lines that `region` draws at every frame, without a commit. */
export function LiveRegion({ region, ...layout }: { readonly region: Region } & BoxProps): ReactNode {
  const painter = useContext(PainterContext);
  const box = useRef<DOMElement>(null);
  // A layout effect: its cleanup runs before Ink frees the Yoga node that the painter reads.
  useLayoutEffect(() => (box.current ? painter?.claim(box.current, region) : undefined), [painter, region]);
  return <Box ref={box} width="100%" {...layout} />;
}

interface OverlayProps extends BoxProps {
  readonly children: ReactNode;
  /** What the mouse does on its lines. */
  readonly region?: Pick<Region, 'mouse'>;
}

/** A popup: whole lines of the screen that no region draws over. */
export function Overlay({ children, region, ...layout }: OverlayProps): ReactNode {
  const painter = useContext(PainterContext);
  const box = useRef<DOMElement>(null);
  useLayoutEffect(() => (box.current ? painter?.cover(box.current, region) : undefined), [painter, region]);
  return (
    <Box ref={box} {...layout}>
      {children}
    </Box>
  );
}
