/** Worker entry: a message loop round one Symbolizer per process, and the timer that looks again. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FrameName, Module } from '../profile/frames.ts';
import type { FrameLine, FromWorker, KernelSymbolsState, SymbolizerOptions, ToWorker } from './protocol.ts';
import { Symbolizer } from './symbolizer.ts';

const port = parentPort;
if (port === null) throw new Error('symbolize/worker.ts runs as a worker thread only');

const options = workerData as SymbolizerOptions;
const symbolizer = new Symbolizer(options);
/** The target's and, once their first frame came, those of other processes. */
const symbolizers = new Map<number, Symbolizer>([[0, symbolizer]]);
/** Of processes that nothing was asked of yet. */
const waiting = new Map<number, { readonly pid: number; readonly modules: Module[] }>();
const sentWarnings = new Map<string, string>();
let sentState: KernelSymbolsState | undefined;
/** The target's modules come before its first frames. */
let isPrepared = false;

function send(message: FromWorker): void {
  port?.postMessage(message);
}

function sendNews(): void {
  if (symbolizer.kernelSymbols !== sentState) {
    sentState = symbolizer.kernelSymbols;
    send({ type: 'kernel-symbols', state: sentState });
  }
  for (const warning of [...symbolizers.values()].flatMap((each) => each.warnings)) {
    const key = `${warning.code}\0${warning.subject}`;
    if (sentWarnings.get(key) === warning.detail) continue;
    sentWarnings.set(key, warning.detail);
    send({ type: 'warning', warning });
  }
}

function sendNames(requests: 0 | 1, names: readonly FrameName[]): void {
  // The state goes first: who sees an unnamed kernel frame must be able to say why.
  sendNews();
  if (requests > 0 || names.length > 0) send({ type: 'names', requests, names });
}

/** Most processes are short and never asked about: theirs is made when it is needed. */
function symbolizerOf(process: number): Symbolizer | undefined {
  const known = symbolizers.get(process);
  const found = waiting.get(process);
  if (known !== undefined || found === undefined) return known;
  // Frames of the kernel are asked of the target's.
  const made = new Symbolizer({ ...options, pid: found.pid, kallsymsPath: '' });
  made.addModules(found.modules);
  symbolizers.set(process, made);
  waiting.delete(process);
  return made;
}

function end(process: number): void {
  sendNews();
  symbolizers.get(process)?.close();
  symbolizers.delete(process);
  waiting.delete(process);
}

function linesOf(frames: readonly number[]): FrameLine[] {
  return [...symbolizers.values()].flatMap((each) => each.linesOf(frames));
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'lines') {
    send({ type: 'lines', id: message.id, lines: linesOf(message.frames) });
    return;
  }
  const { process } = message;
  switch (message.type) {
    case 'process':
      waiting.set(process, { pid: message.pid, modules: [] });
      return;
    case 'modules':
      waiting.get(process)?.modules.push(...message.modules);
      symbolizers.get(process)?.addModules(message.modules);
      if (!isPrepared) symbolizer.prepare();
      isPrepared = true;
      return;
    case 'frames':
      sendNames(1, symbolizerOf(process)?.nameFrames(message.frames, message.sinceMs) ?? []);
      return;
    case 'end':
      end(process);
      sendNames(1, []);
  }
});

function refresh(): FrameName[] {
  return [...symbolizers.values()].flatMap((each) => each.refresh());
}

setInterval(() => sendNames(0, refresh()), options.refreshMs ?? 1000);
sendNews();
