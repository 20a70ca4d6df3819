/** The part of the screen between the head and the details, which each view draws in its own way. */
import type { MouseAction } from './screen/painter.ts';

export interface ViewBody {
  /** Once before each frame, after the view has been brought up to date. */
  prepare(): void;
  /** The line above the rows. */
  head(width: number): string;
  /** A ready line, as `Region.row`. */
  row(line: number, width: number, height: number): string;
  /** The lines below, where they are not those of a node of a tree. */
  details?(lines: 1 | 2): readonly string[];
  mouse(action: MouseAction, line: number, x: number): void;
}
