/** Which calls a Go program's code can make: by its instructions, and by what its tables say is inlined where. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileBytes } from '../../src/symbolize/byte-source.ts';
import { readThroughSegments } from '../../src/symbolize/elf-dynamic.ts';
import { parseElf } from '../../src/symbolize/elf-file.ts';
import { type GoProgram, readGoProgram } from '../../src/symbolize/go-program.ts';

/** Whether one function may stand below another one. */
export type MayCall = (caller: string, callee: string) => boolean;

/** They stand on whatever they interrupt; a signal's handler on its trampoline, which the kernel made it return to. */
const interruptions = new Set(['runtime.asyncPreempt', 'runtime.sigreturn', 'runtime.sigtramp']);
/**
 * What systemstack runs is called by its caller itself if that is on the thread's own stack already: a closure, or a
 * function whose address stands in the program's constants.
 */
const closure = /\.func\d+$/;

export function readGoCalls(program: string): MayCall {
  const code = execFileSync('go', ['tool', 'objdump', program], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const fd = openSync(program, 'r');
  try {
    const file = parseElf(fileBytes(fd));
    const places = file && readGoProgram(file);
    if (file === undefined || places === undefined) throw new Error(`${program} is no Go program`);
    const constantAt = (address: number): number => {
      const bytes = readThroughSegments(file)(address, 8);
      return bytes.length === 8 ? Number(bytes.readBigUInt64LE()) : 0;
    };
    return callsIn(code, places, constantAt);
  } finally {
    closeSync(fd);
  }
}

function callsIn(code: string, program: GoProgram, constantAt: (address: number) => number): MayCall {
  const calls = new Set<string>();
  const passes = new Set<string>();
  const callsAnything = new Set<string>(['runtime.goexit']);
  const jumps = new Map<string, string[]>();
  // `  proc.go:250	0x43a0c1	e8fa…	CALL runtime.gcenable(SB)`
  for (const [, at, bytes = '', operation, operand = ''] of code.matchAll(
    /^ +\S+\t+(0x\w+)\t+(\w+)\t+(\w+)(?: (\S+))?/gm,
  )) {
    const names = program.placesAt(Number(at)).map(({ name }) => name);
    for (const [i, callee] of names.slice(1).entries()) calls.add(`${names[i]} › ${callee}`);
    const caller = names.at(-1) ?? '';
    const [, distance] = /^(0x\w+)\(IP\),$/.exec(operand) ?? [];
    if (operation === 'LEAQ' && distance !== undefined) {
      const passed = constantAt(Number(at) + bytes.length / 2 + Number(distance));
      for (const { name } of program.placesAt(passed)) passes.add(`${caller} › ${name}`);
    }
    const [, target] = /^(.*?)(?:\.abi0)?\(SB\)$/.exec(operand) ?? [];
    if (operation === 'CALL')
      target === undefined ? callsAnything.add(caller) : calls.add(`${caller} › ${target}`);
    if (operation === 'JMP') jumps.set(caller, [...(jumps.get(caller) ?? []), ...(target ? [target] : [])]);
  }
  const through = (callee: string): string[] =>
    [...jumps].filter(([, targets]) => targets.includes(callee)).map(([from]) => from);
  return (caller, callee) =>
    callsAnything.has(caller) ||
    interruptions.has(callee) ||
    ((closure.test(callee) || passes.has(`${caller} › ${callee}`)) &&
      calls.has(`${caller} › runtime.systemstack`)) ||
    [callee, ...through(callee)].some((each) => calls.has(`${caller} › ${each}`));
}
