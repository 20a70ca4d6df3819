/** What the mouse does on the lines above the rows: the timeline chooses time, the banner opens what it speaks of. */
import { openEnginePanel } from './engine-commands.ts';
import { screenLayout } from './layout.ts';
import type { LiveView } from './live-view.ts';
import { lineWidth } from './screen/frame.ts';
import type { Region } from './screen/painter.ts';
import { endFixedWindow, moveWindow, showSeconds } from './time-commands.ts';
import { secondAt, timelineOf } from './timeline.ts';

/** A click on a second shows so much around it. */
const clickedSeconds = 5;

export function headMouse(view: LiveView): Required<Pick<Region, 'mouse' | 'drag'>> {
  /** Where the button was pressed on the timeline. */
  let pressed: number | undefined;
  let hasMoved = false;
  const secondUnder = (x: number) => secondAt(timelineOf(view), lineWidth(view.state.structure.size), x);
  return {
    mouse(action, line, x) {
      pressed = undefined;
      hasMoved = false;
      const part = partAt(view, line);
      if (part === 'timeline' && action === 'press') pressed = secondUnder(x);
      else if (part === 'timeline') moveWindow(view, action === 'wheel-up' ? -1 : 1);
      else if (part === 'engine' && action === 'press') openEnginePanel(view);
      else if (part === 'notice' && action === 'press')
        view.dispatch({ type: 'popup', popup: { kind: 'why', status: view.status, gate: 0 } });
    },
    drag(x, isDone) {
      const second = secondUnder(x);
      if (pressed === undefined || second === undefined) return;
      hasMoved ||= second !== pressed;
      if (hasMoved) showSeconds(view, pressed, second);
      else if (isDone) clickSecond(view, pressed);
    },
  };
}

/** A click in the window that is shown ends it: back to the whole run. */
function clickSecond(view: LiveView, second: number): void {
  const { span } = view.state;
  const { first, last } = timelineOf(view);
  if (span.kind === 'fixed' && second >= span.from && second < span.to) endFixedWindow(view);
  else
    showSeconds(view, Math.max(first, second - clickedSeconds), Math.min(last, second + clickedSeconds - 1));
}

function partAt(view: LiveView, line: number): 'engine' | 'notice' | 'timeline' | undefined {
  const { structure } = view.state;
  const layout = screenLayout(structure.size, structure.hasNotice, structure);
  const notice = layout.bannerLines;
  const timeline = notice + layout.noticeLines + (layout.hasBreadcrumb ? 1 : 0);
  if (layout.hasTimeline && line === timeline) return 'timeline';
  if (layout.noticeLines > 0 && line === notice)
    return view.status.warnings.length > 0 ? 'notice' : undefined;
  return line === layout.bannerLines - 1 ? 'engine' : undefined;
}
