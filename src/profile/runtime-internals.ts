/**
 * Which functions are a language runtime's own machinery (its interpreter, builtins, compiler, collector, event loop)
 * and not the program's: what "hide runtime internals" folds into the callers. By name and module alone, so recordings
 * and imported profiles are folded, too. Pure.
 */
import type { ProfileFunction } from './functions.ts';

type Test = (func: ProfileFunction) => boolean;

/** Node.js, and what else holds V8: C++ of V8 and Node, builtins, libuv, and the modules that no program can require. */
const isNodeInternal: Test = ({ name, kind, script }) => {
  if (kind === 'runtime') return script?.startsWith('node:internal/') === true;
  return /^Builtins_|^uv_|(^|[ *&])(v8|node|cppgc|heap::base)::/.test(name);
};

/** HotSpot's library, and what its reader calls interpreter and stubs: their names have no class. */
const isJavaInternal: Test = ({ name, module, kind }) =>
  kind === 'runtime' ? !name.includes('.') : /^libjvm\.so/.test(module) || /^lib(jli|java)\.so/.test(module);

/** The interpreter and what is built into it; extension modules are modules of their own. */
const isPythonInternal: Test = ({ name, module, kind }) =>
  kind === 'native' && /^(lib)?python\d/.test(module) && !/^(main|_start)$/.test(name);

const isGoInternal: Test = ({ name }) =>
  /^(runtime|internal\/runtime\/\w+|runtime\/internal\/\w+)\./.test(name);

/** A function without a known runtime may be native code of any of them. */
const nativeTests: readonly Test[] = [isNodeInternal, isJavaInternal, isPythonInternal];

export function isRuntimeInternal(func: ProfileFunction): boolean {
  switch (func.runtime) {
    case 'node':
      return isNodeInternal(func);
    case 'java':
      return isJavaInternal(func);
    case 'python':
      return false;
    case 'go':
      return isGoInternal(func);
    default:
      return func.kind === 'native' && nativeTests.some((test) => test(func));
  }
}
