/**
 * The fold: time that cannot be named becomes ONE marked frame in its place, never a missing stack.
 * It looks only at frames without a name (kernel, anonymous code), so named and user frames cannot be harmed,
 * and it is decided from names that may still come, so it is undone when they do. Pure.
 */
import { type FrameKind, type MarkedLabel, markedLabels } from './frames.ts';

/** What a frame becomes on top of the frame below it (towards the root). */
export type Fold =
  | { readonly become: 'itself' }
  /** It is part of the marked frame below. */
  | { readonly become: 'below' }
  | { readonly become: 'marked'; readonly label: MarkedLabel };

const itself: Fold = { become: 'itself' };
const below: Fold = { become: 'below' };

function unnamedLabel(kind: FrameKind, isNamed: boolean): MarkedLabel | undefined {
  if (kind === 'truncated') return markedLabels.truncated;
  if (kind === 'kernel-unseen') return markedLabels.kernelNoSymbols;
  if (isNamed) return undefined;
  if (kind === 'kernel') return markedLabels.kernelNoSymbols;
  return kind === 'exec-anon' ? markedLabels.jitNoSymbols : undefined;
}

/**
 * One step of the fold, from the root towards the leaf.
 * @param belowLabel the marked label of the frame below, if that one was folded
 * @param isNamed whether a symbol is known for this frame; a native frame without one keeps its own row
 */
export function foldStep(belowLabel: MarkedLabel | undefined, kind: FrameKind, isNamed: boolean): Fold {
  const label = unnamedLabel(kind, isNamed);
  if (label === undefined) return itself;
  return label === belowLabel ? below : { become: 'marked', label };
}

/**
 * Folds a whole stack: each maximal run of frames that cannot be named becomes one label.
 * @param frames leaf first; may be empty; not changed
 * @param isNamed asked for kernel and anonymous frames only
 * @returns leaf first, never longer than `frames`; all other frames are the same objects in the same order
 */
export function foldKernel<F extends { readonly kind: FrameKind }>(
  frames: readonly F[],
  isNamed: (frame: F) => boolean,
): (F | MarkedLabel)[] {
  const folded: (F | MarkedLabel)[] = [];
  let belowLabel: MarkedLabel | undefined;
  for (let i = frames.length - 1; i >= 0; i--) {
    const frame = frames[i] as F;
    const mayFold = frame.kind === 'kernel' || frame.kind === 'exec-anon';
    const fold = foldStep(belowLabel, frame.kind, !mayFold || isNamed(frame));
    if (fold.become === 'below') continue;
    belowLabel = fold.become === 'marked' ? fold.label : undefined;
    folded.push(fold.become === 'marked' ? fold.label : frame);
  }
  return folded.reverse();
}
