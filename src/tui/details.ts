/**
 * The lines under the tree: everything about the selected node that a row has no room for. Pure.
 */
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import { shareChange, totalDifference } from '../profile/difference.ts';
import { count, duration, percent, points, standardError } from '../profile/format.ts';
import { markedLabels } from '../profile/frames.ts';
import type { ThreadWeight } from '../profile/node-threads.ts';
import { sourceOf } from '../profile/runtime-names.ts';
import { asciiOnly, differenceText, fewSamples, roleOf, shareOf } from './rows.ts';
import { clean, cutEnd, fitPieces, shortenName } from './text.ts';
import type { Theme } from './theme.ts';

export interface DetailContext {
  readonly tree: CallTree;
  readonly node: NodeId;
  readonly theme: Theme;
  readonly threads: readonly ThreadWeight[];
  /** How many functions call this one, anywhere in the tree; undefined while it is not known. */
  readonly callers: number | undefined;
  /** Why time is under `[not sampled]`. */
  readonly unsampled: { readonly lostNs: number; readonly shortLivedNs: number };
}

/** 1: a blank line and one of text; 2: a rule, the name, the numbers. */
export function detailLines(context: DetailContext, lines: 1 | 2, width: number): readonly string[] {
  if (lines === 1) return ['', shortDetail(context, width)];
  return [
    context.theme.paint('dim', context.theme.glyphs.rule.repeat(width)),
    nameLine(context, width),
    numberLine(context, width),
  ];
}

function nameLine({ tree, node, theme }: DetailContext, width: number): string {
  const func = tree.functionOf(node);
  const place = sourceOf(func) || func.module;
  const module = place === '' ? '' : `   ${visible(place, theme)}`;
  const room = Math.max(1, width - module.length);
  const name = shortenName(visible(func.name, theme), room, theme.glyphs.ellipsis);
  return (
    theme.paint(roleOf(func), name) + theme.paint('dim', cutEnd(module, width - 1, theme.glyphs.ellipsis))
  );
}

function numberLine(context: DetailContext, width: number): string {
  const { tree, node, theme, callers } = context;
  const samples = tree.samplesOf(node);
  const pieces = [
    { text: weightPiece(context, 'total', tree.totalNs(node)), rank: 0 },
    { text: beforePiece(context), rank: 1 },
    { text: weightPiece(context, 'self', tree.selfNs(node)), rank: 1 },
    { text: `${count(samples)} ${samples === 1 ? 'sample' : 'samples'}`, rank: 2 },
    { text: unsampledPiece(context), rank: 1 },
    { text: threadPiece(context, width >= 140), rank: 4 },
    { text: node === ROOT || callers === undefined ? '' : `callers ${count(callers)}`, rank: 3 },
  ];
  const line = fitPieces(pieces, '   ', width)
    .map((piece) => piece.text)
    .join('   ');
  return cutEnd(line, width, theme.glyphs.ellipsis);
}

/** `total 31.0% ± 1.2 25.8 s`: the error is one standard error of a share seen in that many samples. */
function weightPiece({ tree, theme }: DetailContext, word: string, weightNs: number): string {
  const share = shareOf(tree, weightNs);
  const all = tree.samplesOf(ROOT);
  const time = duration(weightNs, theme.glyphs.micro);
  if (all < fewSamples) return `${word} ${time}`;
  const error = (standardError(share, all) * 100).toFixed(1);
  return `${word} ${percent(share)} ${theme.glyphs.plusMinus} ${error} ${time}`;
}

/** `before 21.6%, +9.4`: compared with the baseline. */
function beforePiece({ tree, node, theme }: DetailContext): string {
  const { compared } = tree;
  if (compared === undefined) return '';
  const all = compared.totalNs(ROOT);
  const change = differenceText(totalDifference(tree, compared, node), 'percent', theme.glyphs.micro);
  const before = percent(all > 0 ? compared.totalNs(node) / all : 0);
  return change === '' ? `before ${before}` : `before ${before}, ${change}`;
}

function threadPiece({ threads, theme }: DetailContext, hasNames: boolean): string {
  if (threads.length === 0) return '';
  const all = threads.reduce((sum, thread) => sum + thread.weightNs, 0);
  const shown = threads.slice(0, 3).map((thread) => {
    const share = percent(all > 0 ? thread.weightNs / all : 0, 0);
    return `${thread.tid}${hasNames ? ` ${visible(thread.name, theme)}` : ''} (${share})`;
  });
  const more = threads.length > 3 ? ` +${threads.length - 3}` : '';
  return `threads ${shown.join(' ')}${more}`;
}

/** The known parts of the time that no sample carries; they need not add up to the whole. */
function unsampledPiece({ tree, node, unsampled, theme }: DetailContext): string {
  if (tree.functionOf(node).name !== markedLabels.notSampled) return '';
  const time = (ns: number) => duration(ns, theme.glyphs.micro);
  return `of it lost ${time(unsampled.lostNs)}, short-lived threads ${time(unsampled.shortLivedNs)}`;
}

function shortDetail({ tree, node, theme }: DetailContext, width: number): string {
  const func = tree.functionOf(node);
  const isFew = tree.samplesOf(ROOT) < fewSamples;
  const self = isFew
    ? `self ${count(tree.selfSamplesOf(node))} samples`
    : `self ${percent(shareOf(tree, tree.selfNs(node)))}`;
  const change = isFew ? '' : points(shareChange(tree, node));
  const numbers = [self, change].filter((text) => text !== '').join('  ');
  const room = Math.max(1, width - numbers.length - 2);
  const name = shortenName(visible(func.name, theme), room, theme.glyphs.ellipsis);
  return cutEnd(`${name}  ${numbers}`, width, theme.glyphs.ellipsis);
}

function visible(text: string, theme: Theme): string {
  return theme.isAscii ? asciiOnly(clean(text)) : clean(text);
}
