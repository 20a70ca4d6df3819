/** The why panel. Its lines come from `why-lines.ts`. */
import type { ReactNode } from 'react';
import type { SessionStatus } from '../engine/status.ts';
import { Panel, type PanelProps } from './panel.tsx';
import { whyLines } from './why-lines.ts';

export type WhyPanelProps = Omit<PanelProps, 'lines'> & {
  readonly status: SessionStatus;
  readonly gate: number;
};

export function WhyPanel({ status, gate, ...panel }: WhyPanelProps): ReactNode {
  return <Panel {...panel} lines={(width, room) => whyLines(status, gate, panel.theme, width, room)} />;
}
