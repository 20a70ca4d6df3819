/**
 * One row of the flame view as a line of the screen, and the line above it. Pure.
 */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import { baselineOf, totalDifference } from '../profile/difference.ts';
import { count } from '../profile/format.ts';
import type { FlameFrame, FlameLayout } from './flame-layout.ts';
import { changeFills, changeLook, type FrameLook, frameLook, sgr } from './flame-palette.ts';
import { differenceText, fewSamples, fittedName, shareOf, weightText } from './rows.ts';
import type { Unit } from './state.ts';
import { cellWidth, fitPieces, padEnd, takeStart } from './text.ts';
import type { Theme } from './theme.ts';

export interface FlameContext {
  readonly tree: CallTree;
  readonly theme: Theme;
  readonly unit: Unit;
  readonly hasFullNames: boolean;
  /** Samples behind the tree. */
  readonly samples: number;
  readonly selected: NodeId;
  isMatch(node: NodeId): boolean;
}

/** With less room than this a label has no fill around it. */
const leastFilled = 6;
/** With this much room for it a longer name is shortened rather than the share left out. */
const leastName = 20;

export function flameLine(context: FlameContext, frames: readonly FlameFrame[]): string {
  let line = '';
  let at = 0;
  for (const frame of frames) {
    line += ' '.repeat(Math.max(0, frame.x0 - at)) + frameText(context, frame);
    at = frame.x1;
  }
  return line;
}

function frameText(context: FlameContext, frame: FlameFrame): string {
  const { tree, theme } = context;
  const width = frame.x1 - frame.x0;
  if (frame.gathered > 0) return theme.paint('dim', gatheredText(frame.gathered, width, theme));
  const func = tree.functionOf(frame.node);
  const look = lookOf(context, frame.node);
  const mark = func.kind === 'marked' ? theme.glyphs.marked : '';
  const { edge } = theme.glyphs;
  if (frame.node === context.selected) {
    const label = width < 3 ? '' : labelIn(context, frame.node, mark, width - 2);
    const body = padEnd(`>${label}`, Math.max(1, width - 1));
    return theme.paint('selected', body) + sgr(look.edge, width > 1 ? edge : '');
  }
  if (width === 1) return sgr(look.edge, mark || edge);
  return sgr(look.body, bodyText(context, frame.node, mark, width - 1, look.fill)) + sgr(look.edge, edge);
}

/** By what it is or, compared with an earlier tree, by how its share has changed. */
function lookOf({ tree, theme, samples, isMatch }: FlameContext, node: NodeId): FrameLook {
  const compared = baselineOf(tree);
  if (compared === undefined || samples < fewSamples)
    return frameLook(tree.functionOf(node), isMatch(node), theme);
  return changeLook(totalDifference(tree, compared, node).share, isMatch(node), theme);
}

/** Thin bars side by side, and how many of them there are where that can be said. */
function gatheredText(gathered: number, width: number, theme: Theme): string {
  const bar = theme.glyphs.narrow;
  const label = ` ${count(gathered)} frames `;
  if (label.length + 4 > width) return bar.repeat(width);
  return bar.repeat(2) + label + bar.repeat(width - label.length - 2);
}

/** The fill stands around a label that leaves room for it; a longer label takes all there is. */
function bodyText(context: FlameContext, node: NodeId, mark: string, room: number, fill: string): string {
  if (room < 3) return mark + fill.repeat(room - mark.length);
  const whole = visibleName(context, node);
  const isLong = cellWidth(whole) + (mark === '' ? 0 : 2) > room - 3;
  if (room < leastFilled || (isLong && nameRoom(context, node, mark, room - 3) < leastName))
    return padEnd(labelIn(context, node, mark, room), room);
  const label = labelIn(context, node, mark, room - 3);
  return `${fill} ${label} ${fill.repeat(Math.max(0, room - 3 - cellWidth(label)))}`;
}

function visibleName({ tree, theme }: FlameContext, node: NodeId): string {
  return fittedName(tree.functionOf(node).name, Number.MAX_SAFE_INTEGER, true, theme);
}

/** Name and share; the share goes when the name has too little room beside it, and the mark never goes. */
function labelIn(context: FlameContext, node: NodeId, mark: string, room: number): string {
  const { tree, theme, hasFullNames } = context;
  const lead = mark === '' ? '' : `${mark} `;
  const { name } = tree.functionOf(node);
  const whole = visibleName(context, node);
  const most = nameRoom(context, node, mark, room);
  if (cellWidth(whole) <= most) return `${lead}${whole} ${weightOf(context, node)}`;
  if (most >= leastName)
    return `${lead}${fittedName(name, most, hasFullNames, theme)} ${weightOf(context, node)}`;
  return takeStart(lead + fittedName(name, Math.max(1, room - lead.length), hasFullNames, theme), room);
}

/** What a name may take beside the mark and the share. */
function nameRoom(context: FlameContext, node: NodeId, mark: string, room: number): number {
  return room - (mark === '' ? 0 : 2) - weightOf(context, node).length - 1;
}

/** The share, or how it has changed. */
function weightOf({ tree, theme, unit, samples }: FlameContext, node: NodeId): string {
  const shown = samples < fewSamples && unit === 'percent' ? 'samples' : unit;
  const totalNs = tree.totalNs(node);
  const share = shareOf(tree, totalNs);
  const compared = baselineOf(tree);
  return compared !== undefined && samples >= fewSamples
    ? differenceText(totalDifference(tree, compared, node), unit, theme.glyphs.micro)
    : weightText(shown, totalNs, tree.samplesOf(node), share, 1, theme.glyphs.micro);
}

/** `icicle   █ user  ▒ kernel  ◆ marked  ▐ 37 frames too narrow` */
export function flameHead(
  theme: Theme,
  layout: FlameLayout,
  isFlipped: boolean,
  width: number,
  isCompared = false,
): string {
  const { fills, marked, narrow } = theme.glyphs;
  const kinds = isCompared
    ? `${changeFills.more} more, ${changeFills.less} less than before`
    : theme.frames
      ? 'colour module'
      : `${fills.native} user  ${fills.kernel} kernel  ${fills.jit} jit  ${fills.match} match`;
  const tooNarrow = layout.narrow === 1 ? '1 frame too narrow' : `${count(layout.narrow)} frames too narrow`;
  const pieces = [
    { text: isFlipped ? 'flame, root below' : 'icicle, root above', rank: 1 },
    { text: kinds, rank: 2 },
    { text: `${marked} marked`, rank: 3 },
    { text: layout.narrow === 0 ? '' : `${narrow} ${tooNarrow}`, rank: 0 },
  ];
  const line = fitPieces(pieces, '   ', width).map((piece) => piece.text);
  return theme.paint('dim', takeStart(line.join('   '), width));
}
