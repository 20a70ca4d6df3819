/**
 * The first lines of every screen: what is profiled, what engine really runs and how much of the CPU time it
 * accounts for, and, only when something is degraded, one line that says what and why. Pure.
 */
import type { EngineName, KernelPart, Mechanism, SessionStatus } from '../engine/status.ts';
import { clock, count, duration, percent } from '../profile/format.ts';
import { asciiOnly, fewSamples } from './rows.ts';
import { cellWidth, clean, cutEnd, fitPieces, type Piece } from './text.ts';
import type { Role, Theme } from './theme.ts';

export interface BannerContext {
  readonly status: SessionStatus;
  readonly theme: Theme;
  readonly isPaused: boolean;
  readonly samplesSincePause: number;
  /** Samples behind what is shown. */
  readonly samples: number;
  /** What is captured goes to a file, too. */
  readonly isRecording?: boolean;
}

/** The lines of the banner without the notice; one for small screens. */
export function bannerLines(context: BannerContext, lines: 1 | 2, width: number): readonly string[] {
  return lines === 1
    ? [compactLine(context, width)]
    : [targetLine(context, width), engineLine(context, width)];
}

/** Why less than everything is shown; undefined when nothing is degraded and there are samples enough. */
export function noticeText(context: Omit<BannerContext, 'theme'>): string | undefined {
  const { status } = context;
  const [first, ...others] = status.warnings;
  if (first !== undefined) {
    const more = others.length > 0 ? ` (+${others.length} more)` : '';
    return first.title + more;
  }
  if (status.state === 'ended' || context.samples >= fewSamples || context.samples === 0) return undefined;
  return `${count(context.samples)} samples: too few to rank`;
}

export function noticeLine(text: string, theme: Theme, hasPanel: boolean, width: number): string {
  const more = hasPanel && width >= 20 ? ' w' : '';
  const room = width - cellWidth(more) - 2;
  const shown = cutEnd(visible(text, theme), Math.max(0, room), theme.glyphs.ellipsis);
  const gap = ' '.repeat(Math.max(0, room - cellWidth(shown)));
  return theme.paint('warning', `${theme.glyphs.warning} ${shown}`) + gap + theme.paint('title', more);
}

function targetLine(context: BannerContext, width: number): string {
  const { status, theme } = context;
  const lost = `lost ${count(status.lost)}`;
  const title = { text: 'prof-tui', rank: 6, role: 'title' } as const;
  const others = [
    { text: `${count(status.threadCount)} thr`, rank: 5, role: 'plain' },
    { text: processesText(status), rank: 5, role: 'plain' },
    { text: stateText(context), rank: 0, role: stateRole(context) },
    { text: context.isRecording === true ? 'REC' : '', rank: 1, role: 'warning' },
    { text: status.frequencyHz > 0 ? `${Math.round(status.frequencyHz)} Hz` : '', rank: 4, role: 'plain' },
    { text: `${count(status.samples)} samples`, rank: 3, role: 'plain' },
    { text: lost, rank: status.lost > 0 ? 1 : 2, role: status.lost > 0 ? 'warning' : 'plain' },
    {
      text: status.state === 'recorded' ? '' : `self ${percent(status.selfCpuShare)}`,
      rank: 7,
      role: 'dim',
    },
  ] as const;
  // The target's name takes what the others leave, and enough to be told from another.
  const shown = [title, ...others].filter(({ text }) => text !== '');
  const taken = shown.reduce((sum, piece) => sum + cellWidth(piece.text) + 2, 0);
  const target = { text: targetName(context, Math.max(20, width - taken)), rank: 0, role: 'plain' } as const;
  return joined([title, target, ...others], width, theme);
}

function processesText({ otherProcesses }: SessionStatus): string {
  if (otherProcesses === 0) return '';
  return `+${count(otherProcesses)} ${otherProcesses === 1 ? 'process' : 'processes'}`;
}

function engineLine(context: BannerContext, width: number): string {
  const { status, theme } = context;
  const { asked, planned, running } = status;
  const sees =
    running === undefined
      ? (status.source ?? '')
      : `${seesText(running, status.kernelPart)} (${status.mechanism ?? '?'})`;
  const pieces = [
    { text: 'ENGINE', rank: 2, role: 'dim' },
    { text: engineText(context), rank: 0, role: 'title' },
    { text: sees, rank: 1, role: 'plain' },
    {
      text: hasEngine(status) ? `asked ${asked}` : '',
      rank: 4,
      role: asked === 'auto' || asked === running ? 'plain' : 'warning',
    },
    { text: shortVersions(status.runtime ?? ''), rank: 3, role: 'plain' },
    { text: running === planned || !hasEngine(status) ? '' : `planned ${planned}`, rank: 3, role: 'warning' },
    { text: accountedText(status, theme), rank: 0, role: 'plain' },
  ] as const;
  return joined(pieces, width, theme);
}

/** `node[4242] ● ctimer acc 99% lost 0` */
function compactLine(context: BannerContext, width: number): string {
  const { status, theme } = context;
  const accounted = status.unit === 'wall' ? undefined : status.accounting.accounted;
  const pieces = [
    {
      text: `${cutEnd(visible(status.target.name, theme), 8, theme.glyphs.ellipsis)}[${status.target.pid}]`,
      rank: 2,
      role: 'plain',
    },
    { text: stateGlyph(context), rank: 1, role: stateRole(context) },
    { text: context.isPaused ? `+${count(context.samplesSincePause)}` : '', rank: 3, role: 'paused' },
    { text: engineText(context), rank: 0, role: 'title' },
    { text: `acc ${accounted === undefined ? '-' : percent(accounted, 0)}`, rank: 0, role: 'plain' },
    { text: `lost ${count(status.lost)}`, rank: 2, role: status.lost > 0 ? 'warning' : 'plain' },
  ] as const;
  return joined(pieces, width, theme, ' ');
}

function engineText({ status, theme }: BannerContext): string {
  const { switching } = status;
  if (switching !== undefined) {
    const { arrow, ellipsis } = theme.glyphs;
    return switching.from === switching.to
      ? `${switching.from} ${arrow} ${Math.round(switching.hz)} Hz ${ellipsis}`
      : `${switching.from} ${arrow} ${switching.to} ${ellipsis}`;
  }
  // Of a recording all that ran, in their order.
  const ran = status.state === 'recorded' ? status.spans.map((span) => span.engine) : [];
  if (ran.length > 0) return [...new Set(ran)].join('+');
  if (status.running !== undefined) return status.running;
  if (!hasEngine(status)) return status.readShare === undefined ? 'unknown' : theme.glyphs.ellipsis;
  return status.state === 'starting' ? `starting ${status.planned} ${theme.glyphs.ellipsis}` : 'none';
}

/** An imported profile does not say what saw it. */
function hasEngine({ state, running }: SessionStatus): boolean {
  return state !== 'recorded' || running !== undefined;
}

function accountedText(status: SessionStatus, theme: Theme): string {
  const { accounted, cpuTimeNs } = status.accounting;
  if (!hasEngine(status)) return 'accounted - (not known)';
  // Wall time has no CPU clock to be held against.
  if (status.unit === 'wall') return 'accounted - (wall time)';
  if (accounted === undefined) return 'accounted - (no CPU time used yet)';
  return `accounted ${percent(accounted)} of ${duration(cpuTimeNs, theme.glyphs.micro)}`;
}

/** `Node.js 20.20 / V8 11.3`: what comes after the second number tells users little. */
function shortVersions(runtime: string): string {
  return runtime.replace(/(\d+\.\d+)\.[\w.+-]+/g, '$1');
}

/** What an engine can see, in the user's words. */
export function seesText(engine: EngineName, kernelPart: KernelPart): string {
  if (engine === 'wall') return 'all threads, blocked too';
  const byPart: Readonly<Record<KernelPart, string>> = {
    resolved: 'user+kernel',
    unresolved: 'user+kernel, kernel not named',
    excluded: 'user only',
    'not-seen': 'user, kernel not named',
  };
  return byPart[kernelPart];
}

function targetName({ status, theme }: BannerContext, room: number): string {
  // The folder of the program says least and is longest.
  const command = visible(status.target.command || status.target.name, theme).replace(/^\S*\//, '');
  // A profile from elsewhere may not say whose it is.
  const pid = status.target.pid > 0 ? ` [${status.target.pid}]` : '';
  return cutEnd(command, Math.max(8, room - pid.length), theme.glyphs.ellipsis) + pid;
}

function stateText(context: BannerContext): string {
  const { status, isPaused } = context;
  const time = clock(status.elapsedNs);
  if (status.moment !== undefined) return `${stateGlyph(context)} AT ${clock(status.moment.toNs)} of ${time}`;
  if (isPaused && status.state === 'recorded') return `${stateGlyph(context)} RECORDED ${time}`;
  if (isPaused) return `${stateGlyph(context)} PAUSED +${count(context.samplesSincePause)} samples`;
  if (status.readShare !== undefined) return `${stateGlyph(context)} READING ${percent(status.readShare, 0)}`;
  const word = {
    starting: 'STARTING',
    live: 'LIVE',
    ended: 'ENDED',
    stopped: 'STOPPED',
    recorded: 'RECORDED',
  }[status.state];
  const reason =
    status.endReason === undefined || status.state !== 'ended'
      ? ''
      : ` (${visible(status.endReason, context.theme)})`;
  return `${stateGlyph(context)} ${word}${reason} ${time}`;
}

function stateGlyph({ status, theme, isPaused }: BannerContext): string {
  if (isPaused) return theme.glyphs.paused;
  if (status.state === 'starting') return theme.glyphs.paused;
  return status.state === 'live' ? theme.glyphs.live : theme.glyphs.ended;
}

function stateRole({ status, isPaused }: BannerContext): Role {
  if (isPaused) return 'paused';
  return status.state === 'live' ? 'live' : 'title';
}

function visible(text: string, theme: Theme): string {
  return theme.isAscii ? asciiOnly(clean(text)) : clean(text);
}

function joined(
  pieces: readonly (Piece & { readonly role: Role })[],
  width: number,
  theme: Theme,
  gap = '  ',
): string {
  const kept = fitPieces(pieces, gap, width) as readonly (Piece & { readonly role: Role })[];
  let line = '';
  let room = width;
  for (const piece of kept) {
    const lead = line === '' ? '' : gap;
    const text = cutEnd(piece.text, room - lead.length, theme.glyphs.ellipsis);
    if (text === '') break;
    line += lead + theme.paint(piece.role, text);
    room -= lead.length + cellWidth(text);
  }
  return line;
}

/** The one line that stays on the main screen after the end. */
export function summaryLine(status: SessionStatus): string {
  const last = status.spans.at(-1);
  const engine = status.running ?? last?.engine;
  const mechanism: Mechanism | undefined = status.mechanism ?? last?.mechanism;
  const nothing = status.state === 'recorded' ? (status.source ?? 'a file') : 'no engine ran';
  const ran = engine === undefined ? nothing : `${engine} (${mechanism ?? '?'})`;
  const { accounted, cpuTimeNs } = status.accounting;
  const share =
    status.unit === 'wall'
      ? 'wall time'
      : accounted === undefined
        ? 'no CPU time'
        : `accounted ${percent(accounted)} of ${duration(cpuTimeNs)} CPU`;
  const end = status.endReason === undefined ? '' : `; ${clean(status.endReason)}`;
  return `prof-tui: ${ran}, ${share}, ${count(status.samples)} samples, lost ${count(status.lost)}${end}`;
}
