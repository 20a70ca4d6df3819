/**
 * The build: npm packages, the native addon with the demo workload, the JavaScript bundle. Each step runs only
 * when its inputs changed. Plain Node without dependencies, since it runs before anything is installed; progress
 * goes to stderr, because stdout belongs to the program that `npm start` runs afterwards.
 * `node scripts/build.mjs` builds all, `--native` the addon only.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentHash, dropStamp, filesBelow, root, stampOf, writeStamp } from './stamp.mjs';

/** A failure the user can act on: its message is all there is to print. */
export class BuildError extends Error {}

/** Brings packages, addon and bundle up to date. Throws BuildError. */
export async function ensureBuilt() {
  ensureInstalled();
  ensureNative();
  await ensureBundle();
}

/** Runs `npm ci` when node_modules is missing or the lock file changed. */
export function ensureInstalled() {
  const hash = contentHash(['package.json', 'package-lock.json', '.npmrc'], []);
  if (stampOf('packages') === hash && existsSync(join(root, 'node_modules'))) return;
  dropStamp('packages');
  say('installing packages (npm ci)');
  // --include=dev: NODE_ENV=production in the environment would leave the build tools out.
  run('npm', ['ci', '--include=dev', '--no-progress', '--loglevel=error'], 'npm ci failed');
  writeStamp('packages', hash);
}

/** Compiles native/ when it, Node's headers or the addon API changed. */
export function ensureNative() {
  const toolchain = contentHash(
    ['native/binding.gyp', 'node_modules/node-addon-api/package.json', 'node_modules/node-gyp/package.json'],
    [process.version, process.arch, process.execPath],
  );
  const files = filesBelow('native', (name) => name === 'build' || name.startsWith('.'));
  const hash = contentHash(files, [toolchain]);
  const outputs = ['prof_tui.node', 'prof_tui_demo', 'prof_tui_injector'].map((name) =>
    join(root, 'native/build/Release', name),
  );
  if (stampOf('native') === hash && outputs.every(existsSync)) return;
  requireCompiler();
  dropStamp('native');
  say('building the native addon');
  // Objects of the same toolchain stay valid: make knows their headers. Another Node needs a clean tree.
  const steps = stampOf('native-toolchain') === toolchain ? ['configure', 'build'] : ['rebuild'];
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  run(
    process.execPath,
    [gyp, ...steps, '-C', 'native', '--jobs=max', '--loglevel=error', ...localHeaders()],
    'the native addon does not build',
  );
  writeStamp('native-toolchain', toolchain);
  writeStamp('native', hash);
}

/** Bundles the program and its symbol worker into dist/ when src/ changed. */
export async function ensureBundle() {
  const files = filesBelow('src', (name) => /\.test\.tsx?$/.test(name));
  const hash = contentHash(
    [...files, 'package.json', 'tsconfig.json', 'scripts/build.mjs'],
    [stampOf('packages')],
  );
  const outputs = ['cli.js', 'symbolizer-worker.js'].map((name) => join(root, 'dist', name));
  if (stampOf('bundle') === hash && outputs.every(existsSync)) return;
  dropStamp('bundle');
  say('bundling');
  const esbuild = await import('esbuild');
  try {
    await esbuild.build(bundleOptions());
  } catch {
    throw new BuildError('the bundle does not build (see above)');
  } finally {
    await esbuild.stop();
  }
  writeStamp('bundle', hash);
}

function bundleOptions() {
  return {
    absWorkingDir: root,
    entryPoints: { cli: 'src/cli.ts', 'symbolizer-worker': 'src/symbolize/worker.ts' },
    outdir: 'dist',
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'warning',
    // React checks these when it is imported; its development build costs half again as much CPU a frame.
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
    // CommonJS packages inside the ESM bundle still call require() for Node's own modules.
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
    },
    plugins: [withoutDevtools],
  };
}

/** Ink imports react-devtools-core, an optional peer that is not installed and never runs here. */
const withoutDevtools = {
  name: 'without-devtools',
  setup(build) {
    build.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'empty' }));
    build.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'export default undefined' }));
  },
};

/** Node's own headers, when they lie beside it: node-gyp would download them otherwise. */
function localHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

function requireCompiler() {
  const missing = ['g++', 'make', 'python3'].filter((command) => !isInPath(command));
  if (missing.length === 0) return;
  throw new BuildError(
    `the native addon needs ${missing.join(', ')}: on Debian or Ubuntu run \`apt-get install g++ make python3\``,
  );
}

function isInPath(command) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, command)));
}

/** Runs a tool quietly; what it printed matters only when it failed. */
function run(command, args, failure) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  throw new BuildError(result.error ? `${failure}: ${result.error.message}` : `${failure} (see above)`);
}

function say(line) {
  process.stderr.write(`prof-tui: ${line}\n`);
}

/** Runs a step of a script; a BuildError ends it with one line, anything else is a bug and throws. */
export async function orExit(step) {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    say(error.message);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const nativeOnly = process.argv.includes('--native');
  await orExit(async () => {
    ensureInstalled();
    ensureNative();
    if (!nativeOnly) await ensureBundle();
  });
}
