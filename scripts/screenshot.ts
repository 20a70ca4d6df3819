/**
 * Pictures for the documentation: runs the real program on a real target in a pseudo terminal and writes the emulator's
 * cells as SVG, colours and all, so a picture is what the program drew. No browser is needed.
 * `node --import tsx scripts/screenshot.ts` writes docs/*.svg: a picture of each view, of
 * the why panel and of the hottest lines.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withSysctls } from '../test/helpers/sysctl.ts';
import { type Cell, openTerminal, selectedLine, type TestTerminal } from '../test/helpers/terminal.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const cellWidth = 9;
const cellHeight = 19;
const margin = 10;
const background = '#11111b';
const foreground = '#cdd6f4';
const palette = [
  ...['#45475a', '#f38ba8', '#a6e3a1', '#f9e2af', '#89b4fa', '#cba6f7', '#94e2d5', '#bac2de'],
  ...['#585b70', '#f38ba8', '#a6e3a1', '#f9e2af', '#89b4fa', '#cba6f7', '#94e2d5', '#ffffff'],
];
const levels = [0, 95, 135, 175, 215, 255];

/** xterm's 256 colours: 16 of the user's, a cube of 216, 24 greys. */
function paletteColour(index: number): string {
  const own = palette[index];
  if (own !== undefined) return own;
  if (index >= 232) return `rgb(${[0, 0, 0].map(() => 8 + (index - 232) * 10).join(',')})`;
  const cube = index - 16;
  return `rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((at) => levels[at]).join(',')})`;
}

function colourOf(colour: Cell['foreground'], fallback: string): string {
  if (colour === undefined) return fallback;
  return colour.kind === 'rgb'
    ? `#${colour.value.toString(16).padStart(6, '0')}`
    : paletteColour(colour.value);
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

interface Look {
  readonly ink: string;
  readonly paper: string;
  readonly style: string;
}

function lookOf(cell: Cell): Look {
  const plain = [colourOf(cell.foreground, foreground), colourOf(cell.background, background)] as const;
  const [ink, paper] = cell.isInverse ? [plain[1], plain[0]] : plain;
  const style = [
    cell.isBold ? ' font-weight="bold"' : '',
    cell.isDim ? ' opacity="0.65"' : '',
    cell.isUnderlined ? ' text-decoration="underline"' : '',
  ].join('');
  return { ink, paper, style };
}

/** Neighbours that look the same, drawn as one text of a fixed length, so that any font keeps the columns. */
interface Run extends Look {
  readonly x: number;
  readonly cells: number;
  readonly text: string;
}

function runsOf(cells: readonly Cell[]): Run[] {
  const runs: Run[] = [];
  cells.forEach((cell, x) => {
    if (cell.width === 0) return;
    const look = lookOf(cell);
    const text = cell.text === '' ? ' ' : cell.text;
    const last = runs.at(-1);
    const isSame = last?.ink === look.ink && last.paper === look.paper && last.style === look.style;
    if (last !== undefined && isSame) {
      runs[runs.length - 1] = { ...last, cells: last.cells + cell.width, text: last.text + text };
    } else {
      runs.push({ ...look, x, cells: cell.width, text });
    }
  });
  return runs;
}

function runSvg({ ink, paper, style, x, cells, text }: Run, y: number): string {
  const left = margin + x * cellWidth;
  const top = margin + y * cellHeight;
  const width = cells * cellWidth;
  const box = `x="${left}" y="${top}" width="${width}" height="${cellHeight}"`;
  const paperSvg = paper === background ? '' : `<rect ${box} fill="${paper}"/>`;
  if (text.trim() === '') return paperSvg;
  const shown = text.replace(/[&<>]/g, (character) => escapes[character] ?? character);
  const place = `x="${left}" y="${Math.round(top + cellHeight * 0.76)}" textLength="${width}"`;
  return `${paperSvg}<text ${place} fill="${ink}"${style}>${shown}</text>`;
}

function screenSvg(terminal: TestTerminal, title: string): string {
  const { cols, rows } = terminal.emulator;
  const [width, height] = [cols * cellWidth + 2 * margin, rows * cellHeight + 2 * margin];
  const lines = Array.from({ length: rows }, (_, y) =>
    runsOf(Array.from({ length: cols }, (_, x) => terminal.cell(x, y)))
      .map((run) => runSvg(run, y))
      .join(''),
  );
  const font =
    'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="15" xml:space="preserve"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${font}>`,
    `<title>${title}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}

// A program everyone has, with time in user code and in the kernel: it reads files and hashes them.
const hasher = `
import hashlib, os, threading
def digest(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()
def work(most):
    while True:
        for entry in os.scandir('/usr/bin'):
            if entry.is_file() and entry.stat().st_size < most:
                digest(entry.path)
threading.Thread(target=work, args=(1 << 16,)).start()
work(1 << 20)
`;

/** Writes what stands on the terminal as `docs/NAME.svg`. */
function take(terminal: TestTerminal, name: string, title: string): void {
  writeFileSync(`${root}docs/${name}.svg`, screenSvg(terminal, `prof-tui: ${title}`));
}

/** The hidden kernel is the picture: one marked node where the names of the kernel would be. */
async function takePictures(): Promise<void> {
  const target = spawn('python3', ['-c', hasher], { stdio: 'ignore' });
  const terminal = openTerminal([process.execPath, 'bin/prof-tui.js', String(target.pid)], {
    cols: 108,
    rows: 30,
    cwd: root,
    lifeMs: 120_000,
  });
  try {
    // Long enough for a full history and for Δ10s to say something.
    await terminal.until(({ text }) => /LIVE 00:00:3\d/.test(text), 'half a minute of capture', 90_000);
    terminal.press('/', ...'Buffered_read', 'enter', 'enter', 'E');
    await terminal.shows('[kernel: no symbols]');
    terminal.press('j', 'j');
    await terminal.until(({ text }) => /threads \d+ \(/.test(text), 'details');
    take(terminal, 'live', 'a live process, kernel symbols hidden');
    terminal.press('escape', 'w');
    await terminal.shows('cannot see');
    take(terminal, 'why', 'why this engine runs');
    terminal.press('q', '3');
    await terminal.shows('icicle, root above');
    // Out of the zoom of the first picture: here the whole process is the picture.
    terminal.press('escape');
    await terminal.until(({ lines }) => lines[3]?.trimEnd() === 'all', 'the whole process');
    terminal.press('G', 'k');
    await terminal.until(({ text }) => /threads \d+ \(/.test(text), 'details');
    take(terminal, 'flame', 'the flame view of the same process');
    terminal.press('2', 'g', 'j', 'l', 'o');
    await terminal.until(
      ({ text }) => /^>.*▾|^>.*·/m.test(text) && text.includes('bottom-up of all'),
      'callers',
    );
    take(terminal, 'bottom-up', 'functions by self time, and their callers');
    terminal.press('4', 'g', 'j');
    await terminal.until(({ text }) => text.includes('callers of') && text.includes('calls'), 'both panes');
    take(terminal, 'functions', 'functions, callers and callees of one');
    // Where much of the time is in the kernel its marked node stands first: that has no lines.
    const isMarked = () => selectedLine(terminal.screen).includes('◆');
    while (isMarked()) {
      const before = selectedLine(terminal.screen);
      terminal.press('j');
      await terminal.until((screen) => selectedLine(screen) !== before, 'the next function');
    }
    terminal.press('a');
    await terminal.shows('hottest');
    await terminal.until(({ text }) => /^>.*%/m.test(text), 'the hottest line');
    take(terminal, 'source', 'the hottest instructions of a function');
    terminal.press('escape', '5', 'g', 'j');
    await terminal.shows('STATE');
    take(terminal, 'threads', 'the threads');
    terminal.press('q');
    await terminal.exit();
  } finally {
    terminal.kill();
    target.kill('SIGKILL');
  }
}

await withSysctls({ 'kernel.kptr_restrict': 2 }, takePictures);
