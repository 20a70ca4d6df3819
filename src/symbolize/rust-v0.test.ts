/** Rust v0 names: the examples of RFC 2603 and of rustc-demangle, c++filt as the oracle for a real program, limits. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { demangleRustV0 } from './rust-v0.ts';
import { run, temporaryFolder } from './test-programs.ts';

const vectors: readonly (readonly [string, string])[] = [
  ['_RNvC7mycrate3foo', 'mycrate::foo'],
  ['_RNvNtC7mycrate3foo3bar', 'mycrate::foo::bar'],
  ['_RNvMC7mycrateNtC7mycrate3Foo3bar', '<mycrate::Foo>::bar'],
  ['_RNvXC7mycrateNtC7mycrate3FooNtC3std5Clone5clone', '<mycrate::Foo as std::Clone>::clone'],
  ['_RNvYNtC7mycrate3FooNtC3std5Clone5clone', '<mycrate::Foo as std::Clone>::clone'],
  ['_RINvC7mycrate3foolE', 'mycrate::foo::<i32>'],
  ['_RNCNvC7mycrate4main0', 'mycrate::main::{closure#0}'],
  ['_RNCNvC7mycrate4mains_0', 'mycrate::main::{closure#1}'],
  ['_RNSNvC7mycrate4main6vtable', 'mycrate::main::{shim:vtable#0}'],
  ['_RNvNtNtCs1234_7mycrate3foo3bar3baz', 'mycrate::foo::bar::baz'],
  ['_RNvC6_123foo3bar', '123foo::bar'],
  [
    '_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y',
    'utf8_idents::საჭმელად_გემრიელი_სადილი',
  ],
  [
    '_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_ECs1iopQbuBiw2_3std',
    'alloc::alloc::box_free::<dyn alloc::boxed::FnBox<(), Output = ()>>',
  ],
  ['_RNvMC0INtC8arrayvec8ArrayVechKj7b_E3new', '<arrayvec::ArrayVec<u8, 123>>::new'],
  ['_RMC0INtC8arrayvec8ArrayVechKj7b_E', '<arrayvec::ArrayVec<u8, 123>>'],
  ['_RMCs4fqI2P2rA04_13const_genericINtB0_8UnsignedKhb_E', '<const_generic::Unsigned<11>>'],
  ['_RMCs4fqI2P2rA04_13const_genericINtB0_6SignedKs98_E', '<const_generic::Signed<152>>'],
  ['_RMCs4fqI2P2rA04_13const_genericINtB0_6SignedKanb_E', '<const_generic::Signed<-11>>'],
  ['_RMCs4fqI2P2rA04_13const_genericINtB0_4BoolKb1_E', '<const_generic::Bool<true>>'],
  ['_RMCs4fqI2P2rA04_13const_genericINtB0_4CharKc76_E', "<const_generic::Char<'v'>>"],
  ['_RMCs4fqI2P2rA04_13const_genericINtB0_4CharKc2202_E', "<const_generic::Char<'∂'>>"],
  ['_RNvNvMCs4fqI2P2rA04_13const_genericINtB4_3FooKpE3foo3FOO', '<const_generic::Foo<_>>::foo::FOO'],
  ['_RIC0Kj1_E', '::<1>'],
  [
    '_RIC3fooRlQlPlOlAlj3_SlTEThETlhEE',
    'foo::<&i32, &mut i32, *const i32, *mut i32, [i32; 3], [i32], (), (u8,), (i32, u8)>',
  ],
  ['_RIC3fooFG_RL0_hEuE', "foo::<for<'a> fn(&'a u8)>"],
  ['_RIC3fooFUKCjEzE', 'foo::<unsafe extern "C" fn(usize) -> !>'],
  ['_RIC3fooFK5C_fooEuE', 'foo::<extern "C-foo" fn()>'],
  ['_RIC3fooDNtC3std4SendEL_E', 'foo::<dyn std::Send>'],
  ['_RIC3fooKRe616263_E', 'foo::<"abc">'],
  ['_RIC3fooKRATj1_b0_EEE', 'foo::<{&[(1, false)]}>'],
  [
    '_RIC3fooKVNtC3std4UnitUKVNtC3std4PairThb_EKVNtC3std5NamedS1xj2_EE',
    'foo::<{std::Unit}, {std::Pair(11)}, {std::Named { x: 2 }}>',
  ],
  ['_RNvC7mycrate3foo.llvm.8A1B2C', 'mycrate::foo'],
  ['_RNvC7mycrate3foo.cold', 'mycrate::foo.cold'],
];

test('RFC 2603 and rustc-demangle examples', () => {
  for (const [mangled, readable] of vectors) assert.equal(demangleRustV0(mangled), readable, mangled);
});

test('what is not valid v0 comes back unchanged', () => {
  for (const name of [
    '_R',
    '_RN',
    '_Rfoo',
    '_R0',
    'main',
    '_ZN3fooE',
    '_RNvC7mycrate3fo',
    '_RB_',
    '_RNvB_3foo',
    '_RC99999a',
    '_RMC0B2_',
    '_RIC3fooKc110000_E',
    '_RIC3fooRL0_hE',
    '_RNvC7mycrate3foo trailing',
  ]) {
    assert.equal(demangleRustV0(name), name);
  }
});

test('hostile names end at once: nesting, exponential back references, endless binders', () => {
  const deep = `_RIC0${'R'.repeat(4000)}hE`;
  assert.equal(demangleRustV0(deep), deep);
  // Each tuple names the one before it twice: 2^n leaves.
  let doubling = '_RIC0TyyE';
  let previous = 4;
  for (let i = 0; i < 100; i++) {
    const at = doubling.length - 2;
    const reference = `B${previous === 0 ? '' : (previous - 1).toString(36)}_`;
    doubling += `T${reference}${reference}E`;
    previous = at;
  }
  assert.equal(demangleRustV0(`${doubling}E`), `${doubling}E`);
  for (const name of [
    '_RIC0FGzzzzzzzzzz_EuE',
    `_RNvC0${'9'.repeat(3000)}`,
    `_R${'I'.repeat(4000)}`,
    `_RC3foo${'x'.repeat(5000)}`,
  ]) {
    assert.equal(demangleRustV0(name), name);
  }
});

test('a real program: every v0 symbol as c++filt reads it', (t) => {
  const folder = temporaryFolder();
  const source = path.join(folder, 'main.rs');
  fs.writeFileSync(
    source,
    `use std::{collections::HashMap, fmt::Debug};
     struct Grid<const N: usize, T>([T; N]);
     impl<const N: usize, T: Debug + Clone> Grid<N, T> {
       #[inline(never)] fn each(&self, mut f: impl FnMut(&T)) { for x in &self.0 { f(x) } }
     }
     #[inline(never)] fn boxed(f: Box<dyn for<'a> Fn(&'a str) -> usize>) -> usize { f("abc") }
     fn main() {
       let mut m: HashMap<String, Vec<(u8, &'static str)>> = HashMap::new();
       m.entry("k".into()).or_default().push((1, "v"));
       Grid([1u16, 2, 3]).each(|x| println!("{x:?} {m:?}"));
       println!("{}", boxed(Box::new(|s| s.len())));
     }`,
  );
  try {
    run('rustc', '-C', 'symbol-mangling-version=v0', '-o', path.join(folder, 'main'), source);
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    return t.skip('needs rustc (Debian: rustc)');
  }
  const listing = run('nm', path.join(folder, 'main'));
  const names = [...new Set([...listing.matchAll(/ (_R\w+)$/gm)].map((match) => match[1] as string))];
  assert.ok(names.length > 100, `${names.length} names`);
  const oracle = execFileSync('c++filt', ['-s', 'rust'], { input: names.join('\n'), encoding: 'utf8' })
    // c++filt adds crate hashes and the types of constants.
    .replace(/\[[0-9a-f]{1,16}\](?=::|[>, ;)\]]|$)/gm, '')
    .replace(/: (?:[ui](?:8|16|32|64|128|size)|bool|char)(?=[\]>,;)])/g, '')
    .split('\n');
  for (const [i, name] of names.entries()) assert.equal(demangleRustV0(name), oracle[i], name);
});
