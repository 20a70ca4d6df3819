/**
 * The hottest lines of one function: source where debug information or the runtime gives file and line, instructions
 * where not, addresses where there is neither; and what is missing for more. Made on demand, in helper processes.
 */
import type { Module } from '../profile/frames.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import type { HotAddress } from '../profile/hot-addresses.ts';
import type { HotScope, Profile } from '../profile/profile.ts';
import { sourceOf } from '../profile/runtime-names.ts';
import { goLinesOf } from '../symbolize/go-lines.ts';
import { instructionsOf, type LinePlace, placesOf, ToolFailed } from '../symbolize/line-tools.ts';
import { debugFileOf, debugPathOf, modulePathOf } from '../symbolize/module-path.ts';
import { generatedBlocks, type LinesOf } from './generated-lines.ts';
import {
  addressBlock,
  assemblyBlock,
  type ListingBlock,
  rangeOf,
  runtimeBlock,
  sourceBlocks,
} from './listing-blocks.ts';
import { sourceReader } from './source-text.ts';

export interface Listing {
  readonly form: 'source' | 'assembly' | 'addresses';
  /** Hottest first. */
  readonly blocks: readonly ListingBlock[];
  /** What all weights of the function add up to. */
  readonly totalNs: number;
  /** Why it is not more, and how to get it. */
  readonly missing: Missing | undefined;
}

export interface Missing {
  readonly because: string;
  readonly cure: string | undefined;
}

export interface ListingRequest {
  readonly func: ProfileFunction;
  /** What counts of its samples. */
  readonly scope: HotScope;
  readonly wants: 'source' | 'assembly';
}

/**
 * Never rejects, but when `signal` says that nobody waits any more.
 * @param pid undefined for a target of the past
 * @param linesOf what a jitdump of the target says of frames in generated code
 */
export async function listFunction(
  { func, scope, wants }: ListingRequest,
  profile: Profile,
  pid: number | undefined,
  signal: AbortSignal,
  linesOf: LinesOf = async () => [],
): Promise<Listing> {
  const hot = profile.hotAddresses(func, scope);
  const totalNs = hot.reduce((sum, each) => sum + each.totalNs, 0);
  const plain = (because: string, cure?: string): Listing => ({
    form: 'addresses',
    blocks: hot.length === 0 ? [] : [addressBlock(hot)],
    totalNs,
    missing: { because, cure },
  });
  if (hot.length === 0) return plain('no sample of this function is left');
  const read = sourceReader(pid);
  if (func.kind === 'kernel')
    return plain('kernel code: its lines need the vmlinux of this kernel with debug information');
  if (func.kind === 'jit' || func.kind === 'runtime') {
    const blocks = await generatedBlocks(func, hot, read, linesOf);
    if (blocks !== undefined) return { form: 'source', blocks, totalNs, missing: undefined };
    const block = runtimeBlock(sourceOf(func) || func.name, hot, read);
    const because = 'made at run time: the runtime names the function, not the lines within it';
    if (block === undefined)
      return plain('made at run time: there is no file to read lines or instructions from');
    return { form: 'source', blocks: [block], totalNs, missing: { because, cure: undefined } };
  }
  const module = profile.modules[hot[0]?.frame.module ?? -1];
  const path = module === undefined ? undefined : modulePathOf(module, pid);
  if (module === undefined || path === undefined) return plain(goneText(module));
  const ours = hot.filter(({ frame }) => frame.module === module.id);
  const paths = { code: path, lines: debugFileOf(module, pid) ?? path };
  const lines = wants === 'source' ? await goOrDebugLines(func, ours, paths, signal) : undefined;
  if (lines && 'places' in lines)
    return { form: 'source', blocks: sourceBlocks(ours, lines.places, read), totalNs, missing: undefined };
  return withInstructions(
    ours,
    totalNs,
    paths.code,
    lines && missingLines(module, lines.failed),
    plain,
    signal,
  );
}

type Lines =
  | { readonly places: ReadonlyMap<bigint, readonly LinePlace[]> }
  | { readonly failed: string | undefined };

/** A Go program knows the lines of its functions itself, what is inlined into them included. */
async function goOrDebugLines(
  func: ProfileFunction,
  hot: readonly HotAddress[],
  paths: { readonly code: string; readonly lines: string },
  signal: AbortSignal,
): Promise<Lines> {
  const addresses = hot.slice(0, mostAddresses).map(({ frame }) => frame.address);
  const places = func.runtime === 'go' ? await goLines(paths.code, func, addresses, signal) : undefined;
  return places === undefined ? withLines(hot, paths.lines, signal) : { places };
}

async function goLines(
  path: string,
  func: ProfileFunction,
  addresses: readonly bigint[],
  signal: AbortSignal,
) {
  try {
    return await goLinesOf(path, func, addresses, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

async function withLines(hot: readonly HotAddress[], path: string, signal: AbortSignal): Promise<Lines> {
  try {
    const places = await placesOf(
      path,
      hot.slice(0, mostAddresses).map(({ frame }) => frame.address),
      signal,
    );
    const isKnown = [...places.values()].some((chain) => chain.some(({ file }) => file !== ''));
    return isKnown ? { places } : { failed: undefined };
  } catch (error) {
    return { failed: failureText(error) };
  }
}

/** addr2line is asked for so many at once; the rest is colder than any of them. */
const mostAddresses = 2000;

async function withInstructions(
  hot: readonly HotAddress[],
  totalNs: number,
  path: string,
  missing: Missing | undefined,
  plain: (because: string, cure?: string) => Listing,
  signal: AbortSignal,
): Promise<Listing> {
  try {
    const { start, stop } = rangeOf(hot);
    const instructions = await instructionsOf(path, start, stop, signal);
    if (instructions.length > 0)
      return { form: 'assembly', blocks: [assemblyBlock(hot, instructions)], totalNs, missing };
    return plain(missing?.because ?? 'no instructions can be read there', missing?.cure);
  } catch (error) {
    const because = failureText(error);
    return plain(because, /not installed/.test(because) ? 'sudo apt-get install binutils' : undefined);
  }
}

/** @throws what is no failure of a tool, an abort among it */
function failureText(error: unknown): string {
  if (error instanceof ToolFailed) return error.message;
  throw error;
}

function missingLines({ path, buildId }: Module, failed: string | undefined): Missing {
  const debug = debugPathOf(buildId);
  if (failed !== undefined) {
    return {
      because: failed,
      cure: /not installed/.test(failed) ? 'sudo apt-get install binutils' : undefined,
    };
  }
  const id = buildId === '' ? '' : `, no debug file for build-id ${buildId}`;
  const cure =
    debug === undefined
      ? 'build it with -g'
      : isInstalled(path)
        ? `debuginfod-find debuginfo ${buildId}`
        : `build it with -g, or put its debug file at ${debug}`;
  return { because: `${path} has no line information${id}`, cure };
}

/** What a distribution brings: its servers have the debug files, by build id. */
function isInstalled(path: string): boolean {
  return /^\/(usr\/(?!local\/)|lib|bin|sbin)/.test(path);
}

function goneText(module: Module | undefined): string {
  if (module === undefined) return 'this code is in no file';
  if (!module.path.startsWith('/')) return `${module.path} is no file`;
  return `${module.path} is not there any more, or another file is: there is nothing to read lines from`;
}
