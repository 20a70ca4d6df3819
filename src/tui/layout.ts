/**
 * Which parts of the screen exist at a size, and how wide the columns are. Pure; at any size there is an answer.
 * Columns and lines go in a fixed order, engine, accounted and the notice last.
 */
import type { ScreenSize } from './screen/frame.ts';
import { lineWidth } from './screen/frame.ts';

export interface ScreenLayout {
  readonly isTooSmall: boolean;
  readonly bannerLines: 1 | 2;
  readonly noticeLines: 0 | 1;
  readonly hasBreadcrumb: boolean;
  readonly hasTimeline: boolean;
  readonly hasColumnHead: boolean;
  /** 0, 1 (a blank line and one of text) or 2 (a rule and two of text). */
  readonly detailLines: 0 | 1 | 2;
  readonly hasFooter: boolean;
}

/** What changes the picture must be seen wherever there is any room. */
export interface LayoutNeeds {
  readonly isTransformed: boolean;
  readonly hasTimeline: boolean;
}

const noNeeds: LayoutNeeds = { isTransformed: false, hasTimeline: false };

export function screenLayout(
  size: ScreenSize,
  hasNotice: boolean,
  needs: LayoutNeeds = noNeeds,
): ScreenLayout {
  const { columns, rows } = size;
  return {
    isTooSmall: columns < 20 || rows < 4,
    bannerLines: columns < 60 || rows < 14 ? 1 : 2,
    noticeLines: hasNotice ? 1 : 0,
    hasBreadcrumb: rows >= (needs.isTransformed ? 8 : 18),
    hasTimeline: rows >= (needs.hasTimeline ? 10 : 32),
    hasColumnHead: rows >= 14,
    detailLines: rows >= 24 ? 2 : rows >= 10 ? 1 : 0,
    hasFooter: rows >= 8,
  };
}

/** Lines above the tree, in this order: banner, notice, breadcrumb, timeline, column head. */
export function headLines(layout: ScreenLayout): number {
  return (
    layout.bannerLines +
    layout.noticeLines +
    [layout.hasBreadcrumb, layout.hasTimeline, layout.hasColumnHead].filter(Boolean).length
  );
}

export interface Columns {
  /** Widths in cells, each with the blank before it; 0 where the column is left out. */
  readonly total: number;
  readonly self: number;
  readonly delta: number;
  readonly spark: number;
  readonly name: number;
  readonly module: number;
  readonly decimals: 0 | 1;
  /** Cells per level of the tree. */
  readonly indent: 1 | 2;
}

const buckets = 12;
const leastName = 16;

export function treeColumns(size: ScreenSize): Columns {
  const width = lineWidth(size);
  const isNarrow = size.columns < 60;
  const total = size.columns < 50 ? 5 : 7;
  const self = isNarrow ? 0 : 8;
  const delta = isNarrow ? 0 : 7;
  const spark = size.columns < 90 ? 0 : buckets + 1;
  const module = size.columns < 70 ? 0 : Math.min(24, Math.max(12, Math.floor(size.columns * 0.16)));
  const rest = width - total - self - delta - spark - module - 1;
  const name = module > 0 && rest < leastName ? rest + module : rest;
  return {
    total,
    self,
    delta,
    spark,
    name: Math.max(1, name),
    module: name === rest ? module : 0,
    decimals: size.columns < 50 ? 0 : 1,
    indent: isNarrow ? 1 : 2,
  };
}
