/**
 * Which lines of a command's output stand on the screen: a window that follows the end, or stays where the user
 * scrolled to while lines come and go. Long lines are broken, not cut. Pure.
 */
import type { OutputLines } from '../engine/command-output.ts';
import { cellWidth, takeStart } from './text.ts';

export interface OutputWindow {
  /** At most `height` lines. */
  readonly shown: readonly string[];
  /** Number of the line that the window begins in. */
  readonly top: number;
  readonly isAtEnd: boolean;
}

/** @param top number of the first line wanted; undefined follows the end */
export function outputWindow(
  output: OutputLines,
  top: number | undefined,
  width: number,
  height: number,
): OutputWindow {
  const { first, lines } = output;
  const start = top === undefined ? undefined : Math.max(0, top - first);
  if (start === undefined) return lastWindow(output, width, height);
  const shown: string[] = [];
  let at = start;
  for (; at < lines.length && shown.length < height; at++) shown.push(...broken(lines[at] ?? '', width));
  const isAtEnd = at >= lines.length && shown.length <= height;
  if (isAtEnd) return lastWindow(output, width, height);
  return { shown: shown.slice(0, height), top: first + start, isAtEnd };
}

function lastWindow({ first, lines }: OutputLines, width: number, height: number): OutputWindow {
  let shown: string[] = [];
  let at = lines.length;
  while (at > 0 && shown.length < height) shown = [...broken(lines[--at] ?? '', width), ...shown];
  return { shown: shown.slice(-height), top: first + at, isAtEnd: true };
}

/** The window's new top after moving by `rows`; undefined: at the end, which is followed from now on. */
export function scrolledTop(
  output: OutputLines,
  top: number | undefined,
  rows: number,
  width: number,
  height: number,
): number | undefined {
  const now = outputWindow(output, top, width, height);
  const wanted = Math.max(output.first, now.top + rows);
  if (rows > 0 && outputWindow(output, wanted, width, height).isAtEnd) return undefined;
  return wanted;
}

function broken(line: string, width: number): string[] {
  const parts: string[] = [];
  let rest = line;
  while (cellWidth(rest) > width) {
    // A character wider than the screen must not stop us.
    const part = takeStart(rest, width) || Array.from(rest)[0] || rest;
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return [...parts, rest];
}
