/** Ordinary distribution programs at work, for the tests that compare with gdb and perf. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Tool, workFolder } from './replay.ts';

export interface Workload {
  readonly title: string;
  readonly tool: Tool;
  readonly command: string;
  readonly args: readonly string[];
}

const python = `
def parts(n):
    return [str(i) * (i % 7) for i in range(n)]
def join_parts(n):
    return n if n < 2 else join_parts(n - 1) + join_parts(n - 2) + len(''.join(parts(3)))
while True:
    join_parts(15)
`;

/** Lines in no order, too many for one of sort's buffers. Made once. */
function unsortedFile(): string {
  const path = join(workFolder, 'unsorted');
  if (existsSync(path)) return path;
  // A full-period generator (Knuth, TAOCP 2, 3.2.1.2): every line differs, and no neighbours are alike.
  let value = 1;
  const lines = Array.from({ length: 200_000 }, () => {
    value = (value * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return String(value);
  });
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** Each runs longer than a test needs it. Starting them writes no file but the input of sort. */
export function workloads(): readonly Workload[] {
  return [
    {
      title: 'openssl SHA-256',
      tool: 'openssl',
      command: 'openssl',
      args: ['speed', '-seconds', '60', '-bytes', '8192', 'sha256'],
    },
    {
      title: 'openssl RSA',
      tool: 'openssl',
      command: 'openssl',
      args: ['speed', '-seconds', '60', 'rsa2048'],
    },
    { title: 'xz', tool: 'xz', command: 'sh', args: ['-c', 'exec xz -9 -c -T1 < /dev/urandom'] },
    { title: 'python3', tool: 'python3', command: '/usr/bin/python3', args: ['-c', python] },
    {
      // By version, which is slow. Not by number: strtold keeps arrays that it hardly touches, and the copy that
      // the kernel takes for perf ends at the first page of the stack that was never written.
      title: 'sort',
      tool: 'sort',
      command: 'sort',
      // The same lines a thousand times, kept once (-u): minutes of work on any machine, and little on disk.
      args: [
        ...['-V', '-u', '--parallel=1', '-S', '20M', '-T', workFolder, '-o', '/dev/null'],
        ...Array<string>(1000).fill(unsortedFile()),
      ],
    },
  ];
}
