/**
 * The why panel as lines: three values kept apart (asked, planned, running), what the engine cannot see, what it
 * accounts for, and every gate with its cure. Pure; the box around it is drawn elsewhere.
 */
import type { Gate, SessionStatus } from '../engine/status.ts';
import type { Warning } from '../engine/warnings.ts';
import { clock, count, duration, percent } from '../profile/format.ts';
import { seesText } from './banner.ts';
import { hintLine, type PanelLine, visible, wrap } from './panel-lines.ts';
import { cellWidth, cutEnd, padEnd } from './text.ts';
import type { Theme } from './theme.ts';

/** @param room lines there are for all; the gates scroll so that the chosen one is among them */
export function whyLines(
  status: SessionStatus,
  chosen: number,
  theme: Theme,
  width: number,
  room: number,
): readonly PanelLine[] {
  const plain = (text: string): PanelLine => ({
    text: cutEnd(text, width, theme.glyphs.ellipsis),
    isChosen: false,
  });
  const label = (word: string, text: string) =>
    wrap(text, width - 11, theme).map((line, at) => plain(padEnd(at === 0 ? word : '', 11) + line));
  const isUnknown = status.state === 'recorded' && status.running === undefined;
  const engine = [
    ...label('asked', askedText(status)),
    ...spanTexts(status).flatMap((line, at) => label(at === 0 ? 'spans' : '', visible(line, theme))),
    ...label('sees', seenText(status)),
    ...label('cannot see', unseenText(status)),
    ...label('accounted', accountedText(status, theme)),
  ];
  const head = [
    ...(status.source === undefined ? [] : label('file', visible(status.source, theme))),
    ...(isUnknown ? label('engine', 'unknown: the file does not say') : engine),
    ...status.warnings.flatMap((warning) =>
      label(theme.glyphs.warning, visible(warningText(warning, status.gates), theme)),
    ),
  ];
  const gate = status.gates[chosen];
  const cure = gate === undefined ? [] : label('cure', visible(gate.cure ?? cureless(gate), theme));
  const hints = [plain(hintLine('why', theme, width))];
  const left = room - cure.length - hints.length - 1;
  const shownHead = head.slice(0, Math.max(1, left - 2));
  const gates = gateLines(status.gates, chosen, theme, width, Math.max(1, left - shownHead.length - 1));
  return [...shownHead, plain(''), ...gates, ...cure, ...hints].slice(0, Math.max(1, room));
}

function askedText(status: SessionStatus): string {
  const hz = `${Math.round(status.frequencyHz)} Hz`;
  const runs =
    status.running === undefined ? 'nothing' : `${status.running} (${status.mechanism ?? '?'}, ${hz})`;
  return `${status.asked}   planned ${status.planned}   runs ${runs}`;
}

/** Each stretch under one engine, where there was more than one or nothing is live any more. */
function spanTexts({ spans, state }: SessionStatus): string[] {
  if (spans.length < 2 && state !== 'recorded') return [];
  return spans.map(
    ({ startNs, endNs, engine, mechanism, asked, samples, reason }) =>
      `${clock(startNs)}-${clock(endNs)}  ${engine} (${mechanism})  asked ${asked}  ${count(samples)} samples  ${reason}`,
  );
}

function seenText(status: SessionStatus): string {
  return status.running === undefined ? 'nothing yet' : seesText(status.running, status.kernelPart);
}

function unseenText(status: SessionStatus): string {
  const missing = {
    resolved: 'nothing',
    unresolved: `kernel function names (symbols ${status.kernelSymbols}); the time is in [kernel: no symbols]`,
    excluded: 'kernel mode; the time is in [kernel: not sampled]',
    'not-seen': 'kernel functions; the time is in [kernel: no symbols]',
  };
  return missing[status.kernelPart];
}

function accountedText(status: SessionStatus, theme: Theme): string {
  const { accounting, lost, throttled, truncated } = status;
  const share = accounting.accounted === undefined ? '-' : percent(accounting.accounted);
  const cpu = duration(accounting.cpuTimeNs, theme.glyphs.micro);
  const rest = `lost ${count(lost)}   throttled ${count(throttled)}   truncated ${count(truncated)}`;
  if (status.unit === 'wall') return `- (wall time: each thread adds up to the time that passed)   ${rest}`;
  return `${share} of ${cpu} CPU   ${rest}`;
}

/** A cure that stands with its gate below is not said twice. */
function warningText(warning: Warning, gates: readonly Gate[]): string {
  const hasGate = warning.cure === undefined || gates.some((gate) => gate.cure === warning.cure);
  return hasGate ? warning.title : `${warning.title}; cure: ${warning.cure}`;
}

function cureless(gate: Gate): string {
  return gate.state === 'allowed' ? 'none needed' : 'none known';
}

function gateLines(
  gates: readonly Gate[],
  chosen: number,
  theme: Theme,
  width: number,
  room: number,
): PanelLine[] {
  const nameWidth = Math.min(
    Math.max(6, ...gates.map((gate) => cellWidth(gate.name))),
    Math.floor(width * 0.35),
  );
  const first = Math.max(0, Math.min(chosen - room + 1, gates.length - room));
  const { ellipsis } = theme.glyphs;
  return gates.slice(first, first + room).map((gate, at) => {
    const isChosen = first + at === chosen;
    const name = padEnd(cutEnd(visible(gate.name, theme), nameWidth, ellipsis), nameWidth);
    const text = `${isChosen ? '>' : ' '} ${name}  ${padEnd(gate.state, 7)}  ${visible(gate.because, theme)}`;
    return { text: cutEnd(text, width, ellipsis), isChosen, entry: first + at };
  });
}
