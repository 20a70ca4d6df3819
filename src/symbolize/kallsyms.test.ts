/** kallsyms as text: shown, hidden, empty, refused; ranges and aliases; the real one against its own lines. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { parseKallsyms } from './kallsyms.ts';
import { KernelSymbols } from './kernel-symbols.ts';
import { temporaryFolder } from './test-programs.ts';

const folder = temporaryFolder();

const shown = `ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000000 T startup_64
ffffffff81001000 t do_work
ffffffff81001080 D some_data
ffffffff81001100 W weak_work
ffffffff81001200 T __pi_memcpy
ffffffff81001200 T __memcpy
ffffffff81001200 T memcpy
ffffffff81001300 t __do_sys_fork
ffffffff81001300 T __ia32_sys_fork
ffffffff81001300 T __x64_sys_fork
ffffffff81001400 T _etext
ffffffff82000000 D _sdata
ffffffff83000000 T _sinittext
ffffffff83000000 t init_work
ffffffff83000100 T _einittext
ffffffffa0000000 t module_init\t[ext4]
ffffffffa0000200 t ext4_read\t[ext4]
ffffffffa0001000 t xfs_read\t[xfs]
ffffffffc0000000 t bpf_prog_6deef7357e7b4530_count\t[bpf]
`;

function table(text: string) {
  const parsed = parseKallsyms(Buffer.from(text));
  assert.equal(parsed.state, 'shown');
  const found = parsed.table ?? assert.fail('no table');
  return (address: bigint): string | undefined => {
    const symbol = found.find(address);
    return symbol && `${symbol.name} ${symbol.module}`;
  };
}

test('shown: functions of the core, of modules and of BPF carry their module', () => {
  const find = table(shown);
  assert.equal(find(0xffffffff81001000n), 'do_work kernel');
  assert.equal(find(0xffffffff810010ffn), 'do_work kernel');
  assert.equal(find(0xffffffff81001150n), 'weak_work kernel');
  assert.equal(find(0xffffffff83000050n), 'init_work kernel');
  assert.equal(find(0xffffffffa0000010n), 'module_init ext4');
  assert.equal(find(0xffffffffa0001010n), 'xfs_read xfs');
  assert.equal(find(0xffffffffc0000010n), 'bpf_prog_6deef7357e7b4530_count bpf');
});

test('aliases: no second names, fewest underscores, global first', () => {
  const find = table(shown);
  assert.equal(find(0xffffffff81000000n), 'startup_64 kernel');
  assert.equal(find(0xffffffff81001200n), 'memcpy kernel');
  assert.equal(find(0xffffffff81001300n), '__x64_sys_fork kernel');
});

test('ranges: nothing is named before, between or behind them', () => {
  const find = table(shown);
  assert.equal(find(0xffffffff80ffffffn), undefined);
  assert.equal(find(0xffffffff81001400n), undefined);
  assert.equal(find(0xffffffff82000000n), undefined);
  assert.equal(find(0xffffffff83000100n), undefined);
  assert.equal(find(0xffffffffa0011000n), undefined);
  assert.equal(find(0xffffffffc0010000n), undefined);
  assert.equal(find(0xffffffffffffffffn), undefined);
  assert.equal(find(0x400000n), undefined);
  assert.equal(find(0n), undefined);
});

test('all zero: hidden, also when the first lines are per-CPU symbols', () => {
  const zeros = shown.replace(/^[0-9a-f]{16}/gm, '0'.repeat(16));
  assert.deepEqual(parseKallsyms(Buffer.from(zeros)), { state: 'hidden' });
});

test('first lines zero but _stext is not: shown (kernels that list per-CPU symbols first)', () => {
  const perCpu =
    '0000000000000000 A fixed_percpu_data\n0000000000000000 A __per_cpu_start\n0000000000001000 A cpu_debug_store\n';
  assert.equal(table(perCpu + shown)(0xffffffff81001000n), 'do_work kernel');
});

test('no lines: missing; damaged lines are passed over', () => {
  assert.deepEqual(parseKallsyms(Buffer.from('')), { state: 'missing' });
  assert.deepEqual(parseKallsyms(Buffer.from('nonsense\n\n\n')), { state: 'missing' });
  const find = table(`junk\nffffffff8100 T\n${shown}zzzz T x\nffffffff81001000`);
  assert.equal(find(0xffffffff81001000n), 'do_work kernel');
});

test('a kernel without _etext: the last function is bounded', () => {
  const find = table('ffffffff81000000 T _stext\nffffffff81000100 T last\n');
  assert.equal(find(0xffffffff81000200n), 'last kernel');
  assert.equal(find(0xffffffff91000000n), undefined);
});

test('refused: the state names the errno, and a file that appears later is read', () => {
  const file = path.join(folder, 'later');
  const symbols = new KernelSymbols(file);
  assert.equal(symbols.state, 'refused:ENOENT');
  assert.equal(symbols.find(0xffffffff81001000n), undefined);
  assert.equal(symbols.refresh(false), false);
  fs.writeFileSync(file, '');
  assert.equal(symbols.refresh(false), true);
  assert.equal(symbols.state, 'missing');
  fs.writeFileSync(file, shown);
  assert.equal(symbols.refresh(false), true);
  assert.equal(symbols.state, 'shown');
  assert.equal(symbols.find(0xffffffff81001000n)?.name, 'do_work');
});

test('before a name is asked for only the state is read, at each look again', () => {
  const file = path.join(folder, 'unasked');
  fs.writeFileSync(file, shown.replace(/^[0-9a-f]{16}/gm, '0'.repeat(16)));
  const symbols = new KernelSymbols(file);
  assert.equal(symbols.state, 'hidden');
  fs.writeFileSync(file, shown);
  assert.equal(symbols.refresh(false), false);
  assert.equal(symbols.state, 'shown');
  assert.equal(symbols.find(0xffffffff81001000n)?.name, 'do_work');
});

test('refused:EACCES, as a user without rights', (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root, to become a user without rights');
  const file = path.join(folder, 'private');
  fs.writeFileSync(file, shown, { mode: 0o600 });
  const script = path.join(folder, 'drop.mts');
  // Rights are dropped after the import: the loader needs them.
  fs.writeFileSync(
    script,
    `const { KernelSymbols } = await import(${JSON.stringify(new URL('./kernel-symbols.ts', import.meta.url).href)});
     process.setegid(65534);
     process.seteuid(65534);
     process.stdout.write(new KernelSymbols(${JSON.stringify(file)}).state);`,
  );
  const args = ['--import', import.meta.resolve('tsx'), script];
  assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8' }), 'refused:EACCES');
});

test('once shown, hiding the addresses does not take the names away', () => {
  const file = path.join(folder, 'hides');
  fs.writeFileSync(file, shown);
  const symbols = new KernelSymbols(file);
  assert.equal(symbols.find(0xffffffff81001000n)?.name, 'do_work');
  fs.writeFileSync(file, shown.replace(/^[0-9a-f]{16}/gm, '0'.repeat(16)));
  assert.equal(symbols.refresh(true), false);
  assert.equal(symbols.state, 'shown');
  assert.equal(symbols.find(0xffffffff81001000n)?.name, 'do_work');
});

test('a module that is loaded later is read only when an address asks for it', () => {
  const file = path.join(folder, 'grows');
  fs.writeFileSync(file, shown);
  const symbols = new KernelSymbols(file);
  assert.equal(symbols.find(0xffffffffa0100000n), undefined);
  fs.writeFileSync(file, `${shown}ffffffffa0100000 t late_work\t[late]\n`);
  assert.equal(symbols.refresh(false), false);
  assert.equal(symbols.find(0xffffffffa0100000n), undefined);
  assert.equal(symbols.refresh(true), true);
  assert.deepEqual(symbols.find(0xffffffffa0100000n), { name: 'late_work', module: 'late' });
});

test('the running kernel: every core function is found by its own address', (t) => {
  const text = fs.readFileSync('/proc/kallsyms');
  const { state, table: symbols } = parseKallsyms(text);
  if (symbols === undefined) return t.skip(`kernel symbols are ${state} here`);
  const names = new Map<bigint, string[]>();
  let end = 0n;
  for (const line of text.toString('latin1').split('\n')) {
    const match = /^([0-9a-f]{16}) ([tTwW]) (\S+)$/.exec(line);
    if (match === null) continue;
    const address = BigInt(`0x${match[1]}`);
    if (match[3] === '_etext') end = address;
    names.set(address, [...(names.get(address) ?? []), match[3] as string]);
  }
  let checked = 0;
  for (const [address, aliases] of names) {
    if (address >= end) continue;
    checked++;
    assert.ok(aliases.includes(symbols.find(address)?.name ?? ''), address.toString(16));
  }
  assert.ok(checked > 10_000);
});
