/** The engine switcher. Its lines come from `engine-lines.ts`. */
import type { ReactNode } from 'react';
import type { SessionStatus } from '../engine/status.ts';
import { engineLines } from './engine-lines.ts';
import { Panel, type PanelProps } from './panel.tsx';

export type EnginePanelProps = Omit<PanelProps, 'lines'> & {
  readonly status: SessionStatus;
  readonly chosen: number;
};

export function EnginePanel({ status, chosen, ...panel }: EnginePanelProps): ReactNode {
  return <Panel {...panel} lines={(width, room) => engineLines(status, chosen, panel.theme, width, room)} />;
}
