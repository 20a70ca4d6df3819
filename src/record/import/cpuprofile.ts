/**
 * V8's CPU profile (DevTools protocol, `Profiler.Profile`): a tree of call nodes, and samples that each name a node and
 * the µs since the sample before. A sample lasts until the next one.
 */
import {
  fileNameOf,
  type Imported,
  type ImportedFrame,
  isKernelModule,
  NotImportable,
  nsOfCount,
  ProfileBuilder,
} from './imported.ts';
import { arrayOf, type Json, objectOf, textOf } from './json-shapes.ts';

const usNs = 1000;
const mainThread = { tid: 0, name: 'main' };

export function isCpuProfile(file: Json): boolean {
  const first = objectOf(arrayOf(file['nodes'])[0]);
  return typeof first['id'] === 'number' && typeof first['callFrame'] === 'object';
}

/** @throws NotImportable */
export function importCpuProfile(file: Json): Imported {
  const nodes = arrayOf(file['nodes']).map(objectOf);
  const pathOf = paths(nodes);
  const builder = new ProfileBuilder();
  const deltas = arrayOf(file['timeDeltas']);
  const samples = arrayOf(file['samples']);
  for (const [i, id] of samples.entries()) {
    const lastsUs = Number(deltas[i + 1] ?? 0);
    builder.add(pathOf(id), mainThread, Math.max(0, lastsUs) * usNs, 1);
  }
  // Without times there are counts by node.
  if (samples.length === 0) {
    for (const node of nodes) {
      const hits = Number(node['hitCount'] ?? 0);
      builder.add(pathOf(node['id']), mainThread, hits * nsOfCount, hits);
    }
  }
  return {
    format: 'cpuprofile',
    profile: builder.finish(),
    meta: file['x-prof-tui'] === undefined ? undefined : objectOf(file['x-prof-tui']),
    unitNote: samples.length === 0 ? 'counts, each shown as 1 ms' : undefined,
    damage: undefined,
  };
}

/** The stack of a node, root first, without V8's own `(root)`. */
function paths(nodes: readonly Json[]): (id: unknown) => readonly ImportedFrame[] {
  const byId = new Map(nodes.map((node) => [node['id'], node]));
  const parents = new Map<unknown, unknown>();
  for (const node of nodes) for (const child of arrayOf(node['children'])) parents.set(child, node['id']);
  const known = new Map<unknown, readonly ImportedFrame[]>();
  return (id) => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const path: ImportedFrame[] = [];
    let steps = 0;
    for (let at: unknown = id; at !== undefined; at = parents.get(at)) {
      const node = byId.get(at);
      if (node === undefined) throw new NotImportable('a sample of a node that it does not have');
      if (++steps > nodes.length) throw new NotImportable('its nodes call each other in a circle');
      const frame = frameOf(objectOf(node['callFrame']));
      if (frame.name !== '(root)') path.push(frame);
    }
    known.set(id, path.reverse());
    return path;
  };
}

function frameOf(callFrame: Json): ImportedFrame {
  const name = textOf(callFrame['functionName']) || '(anonymous)';
  const module = fileNameOf(textOf(callFrame['url']));
  const url = textOf(callFrame['url']);
  if (isKernelModule(module)) return { name, module, kind: 'kernel' };
  // Scripts have an address; what we wrote names a module.
  return { name, module, kind: /^\w+:/.test(url) ? 'jit' : 'native' };
}
