/**
 * speedscope's own format (file-format-schema.json of its package): `sampled` profiles hold stacks with weights, `evented`
 * ones the opening and closing of frames. One profile is one thread.
 */
import {
  fileNameOf,
  type Imported,
  type ImportedFrame,
  isKernelModule,
  NotImportable,
  ProfileBuilder,
  scaleOf,
} from './imported.ts';
import { arrayOf, type Json, objectOf, textOf } from './json-shapes.ts';

export function isSpeedscope(file: Json): boolean {
  return Array.isArray(file['profiles']) && Array.isArray(objectOf(file['shared'])['frames']);
}

/** @throws NotImportable */
export function importSpeedscope(file: Json): Imported {
  const frames = arrayOf(objectOf(file['shared'])['frames']).map(frameOf);
  const builder = new ProfileBuilder();
  let unitNote: string | undefined;
  let damaged = 0;
  for (const profile of arrayOf(file['profiles']).map(objectOf)) {
    const scale = scaleOf(textOf(profile['unit']));
    unitNote ??= scale.unitNote;
    const thread = threadOf(textOf(profile['name']));
    const take = (stack: readonly unknown[], weight: unknown): void => {
      const path = stack.map((index) => frames[index as number]);
      const isWhole = path.every((frame) => frame !== undefined);
      if (isWhole && typeof weight === 'number') builder.add(path, thread, weight * scale.ns, 1);
      else damaged++;
    };
    if (profile['type'] === 'evented') takeEvents(profile, take);
    else takeSamples(profile, take);
  }
  const own = file['x-prof-tui'];
  const isEmpty = builder.profile.tables.stacks.length <= 1;
  if (isEmpty && damaged > 0) throw new NotImportable('its stacks name frames that it does not have');
  return {
    format: 'speedscope',
    profile: builder.finish(),
    meta: own === undefined ? undefined : objectOf(own),
    unitNote,
    damage: damaged > 0 ? `${damaged} stacks name frames that it does not have` : undefined,
  };
}

type Take = (stack: readonly unknown[], weight: unknown) => void;

function takeSamples(profile: Json, take: Take): void {
  const weights = arrayOf(profile['weights']);
  for (const [i, stack] of arrayOf(profile['samples']).entries()) take(arrayOf(stack), weights[i]);
}

/** What is open between two events has the time between them. */
function takeEvents(profile: Json, take: Take): void {
  const open: unknown[] = [];
  let before = Number(profile['startValue']);
  for (const event of arrayOf(profile['events']).map(objectOf)) {
    const at = Number(event['at']);
    if (open.length > 0 && at > before) take(open, at - before);
    before = at;
    if (event['type'] === 'O') open.push(event['frame']);
    else open.pop();
    if (open.length > deepest) throw new NotImportable('a stack without end');
  }
}

const deepest = 10_000;

function frameOf(value: unknown): ImportedFrame {
  const frame = objectOf(value);
  const module = fileNameOf(textOf(frame['file']));
  return { name: textOf(frame['name']), module, kind: isKernelModule(module) ? 'kernel' : 'native' };
}

/** Ours say `name [tid] engine`; of others the whole name is the thread's. */
function threadOf(name: string): { tid: number; name: string } {
  const [, own = name, tid = '0'] = /^(.*) \[(\d+)\]/.exec(name) ?? [];
  return { tid: Number(tid), name: own };
}
