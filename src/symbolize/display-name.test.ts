/** From raw symbol to shown name: demangling by batch, compiler suffixes, Rust's old mangling, hostile characters. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { cleanText } from '../profile/clean-text.ts';
import { displayNames } from './display-name.ts';

/** libiberty's demangler: the same grammar as abi::__cxa_demangle. */
function cxxfilt(names: readonly string[]): string[] {
  const output = execFileSync('c++filt', ['-s', 'gnu-v3', ...names], { encoding: 'utf8' });
  return output.trimEnd().split('\n');
}

test('C++ names are demangled, in order, in one batch without doubles; others stay', () => {
  const batches: (readonly string[])[] = [];
  const names = displayNames(['main', '_ZN3foo3barEi', 'read', '_ZN3foo3barEi', '_ZSt4sortv'], (batch) => {
    batches.push(batch);
    return cxxfilt(batch);
  });
  assert.deepEqual(names, ['main', 'foo::bar(int)', 'read', 'foo::bar(int)', 'std::sort()']);
  assert.deepEqual(batches, [['_ZN3foo3barEi', '_ZSt4sortv']]);
});

test('suffixes of the compiler stay as the symbol says; module numbers of LLVM go', () => {
  const names = displayNames(
    ['_Z3foov.cold', '_Z3foov.constprop.0.isra.0', '_Z3foov.llvm.123456', 'bar.part.0'],
    cxxfilt,
  );
  assert.deepEqual(names, ['foo().cold', 'foo().constprop.0.isra.0', 'foo()', 'bar.part.0']);
});

test("Rust's old mangling: no hash, readable generics and closures", () => {
  const names = displayNames(
    [
      '_ZN4core3fmt5write17h0123456789abcdefE',
      '_ZN66_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..ops..drop..Drop$GT$4drop17h0123456789abcdefE',
      '_ZN4test4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE',
      '_ZN4core3fmt5write17h0123456789abcdefE.llvm.77',
      '_ZN3fooEv.cold',
    ],
    cxxfilt,
  );
  assert.deepEqual(names, [
    'core::fmt::write',
    '<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop',
    'test::main::{{closure}}',
    'core::fmt::write',
    'foo().cold',
  ]);
});

test('nothing to demangle: the demangler is not called', () => {
  const names = displayNames(['a', '_R', ''], () => assert.fail('called'));
  assert.deepEqual(names, ['a', '_R', '']);
});

test('over 4 KiB a mangled name stays raw', () => {
  const long = `_Z${'3foo'.repeat(1100)}`;
  assert.deepEqual(
    displayNames([long], () => assert.fail('called')),
    [long],
  );
});

test('control, bidi and line characters become a dot, also those a demangler returns', () => {
  assert.equal(
    cleanText('a\u0000b\u001b[31mc\u007f\u0085d\u202ee\u2066f\u2028g\u200f'),
    'a·b·[31mc··d·e·f·g·',
  );
  assert.equal(cleanText('naïve::函数 λ'), 'naïve::函数 λ');
  assert.deepEqual(
    displayNames(['_Z1a'], () => ['x\u001b]0;owned\u0007']),
    ['x·]0;owned·'],
  );
});
