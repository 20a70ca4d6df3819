/**
 * What a JFR chunk says of its engine span, as `jdk.ActiveSetting` events: the names that async-profiler's tools know
 * (`engine`, `event`, `interval`, `alluser`, `kernelSymbols`), and all of our own keys beside them.
 */
import { metaEntries, type ProfileMeta, type SpanMeta } from '../meta.ts';
import { typeIds } from './metadata.ts';

export interface Setting {
  /** The event type that it belongs to. */
  readonly id: number;
  readonly name: string;
  readonly value: string;
}

/** async-profiler's words for what runs. */
const engineWords: Readonly<Record<string, string>> = {
  cpu: 'perf_events',
  'cpu-clock': 'perf_events',
  ctimer: 'ctimer',
  wall: 'wall',
};

/** Our keys whose names async-profiler uses in another sense. */
const renamed: Readonly<Record<string, string>> = { engine: 'running', kernelSymbols: 'kernelSymbolsState' };

/** Each name stands once: jfrconv keeps one map for all of a file. */
export function settingsOf(meta: ProfileMeta, span: SpanMeta): Setting[] {
  const ofSample = (name: string, value: string): Setting => ({
    id: typeIds['jdk.ExecutionSample'],
    name,
    value,
  });
  const ofRecording = (name: string, value: string): Setting => ({
    id: typeIds['jdk.ActiveRecording'],
    name,
    value,
  });
  // What holds for the span stands in place of what holds for the whole.
  const own = metaEntries({ ...meta, ...span, spans: [] });
  return [
    ofRecording('version', meta.tool),
    ofRecording('engine', engineWords[span.engine] ?? span.engine),
    ofRecording('event', span.planned),
    ofSample('interval', String(span.periodNs)),
    // True exactly when the kernel was left out of the samples, whatever was asked.
    ofSample('alluser', String(span.kernelPart === 'excluded')),
    ofRecording('kernelSymbols', String(span.kernelPart === 'resolved')),
    ...own.map(([key, value]) => ofRecording(renamed[key] ?? key, value)),
  ];
}
