/** Worker entry: a message loop round one Symbolizer, and the timer that looks again. Decides nothing. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FrameName } from '../profile/frames.ts';
import type { FromWorker, KernelSymbolsState, SymbolizerOptions, ToWorker } from './protocol.ts';
import { Symbolizer } from './symbolizer.ts';

const port = parentPort;
if (port === null) throw new Error('symbolize/worker.ts runs as a worker thread only');

const options = workerData as SymbolizerOptions;
const symbolizer = new Symbolizer(options);
const sentWarnings = new Map<string, string>();
let sentState: KernelSymbolsState | undefined;

function send(message: FromWorker): void {
  port?.postMessage(message);
}

function sendNews(): void {
  if (symbolizer.kernelSymbols !== sentState) {
    sentState = symbolizer.kernelSymbols;
    send({ type: 'kernel-symbols', state: sentState });
  }
  for (const warning of symbolizer.warnings) {
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

port.on('message', (message: ToWorker) => {
  if (message.type === 'modules') symbolizer.addModules(message.modules);
  else sendNames(1, symbolizer.nameFrames(message.frames));
});

setInterval(() => sendNames(0, symbolizer.refresh()), options.refreshMs ?? 1000);
sendNews();
