/** Programs of language runtimes that write a byte for each unit of work, twenty calls deep: see `bytesWritten`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jdks } from '../test/helpers/java-target.ts';
import { interpreters } from '../test/helpers/python-target.ts';
import type { RuntimeProgram } from './runtime-programs.ts';
import type { Scope } from './scope.ts';

const nodeText = `
const { openSync, writeSync } = require('node:fs');
const out = openSync('/dev/null', 'w');
function burn(turns) {
  let sum = turns;
  for (let i = 0; i < turns; i++) sum = (sum * 1103515245 + 12345) & 0x7fffffff;
  return sum;
}
const nest = (depth) => (depth === 0 ? burn(50000) : nest(depth - 1) + 1);
for (;;) writeSync(out, nest(20) < 0 ? '' : 'x');
`;

const pythonText = `
import os
out = os.open('/dev/null', os.O_WRONLY)
def burn(turns):
    total = 0
    for i in range(turns): total += i * i % 7
    return total
def nest(depth): return burn(2000) if depth == 0 else nest(depth - 1) + 1
while True:
    nest(20)
    os.write(out, b'x')
`;

const javaText = `
public class Counted {
  static long burn(long turns) {
    long sum = turns;
    for (long i = 0; i < turns; i++) sum = sum * 31 + (sum >>> 7);
    return sum;
  }
  static long nest(int depth) { return depth == 0 ? burn(50000) : nest(depth - 1) + 1; }
  public static void main(String[] arguments) throws Exception {
    try (var out = new java.io.FileOutputStream("/dev/null")) {
      while (true) out.write((int) nest(20));
    }
  }
}
`;

export function countedPrograms(scope: Scope): RuntimeProgram[] {
  const programs: RuntimeProgram[] = [
    {
      runtime: 'node',
      name: `Node.js ${process.versions.node}`,
      engine: 'cpu',
      argv: [process.execPath, '-e', nodeText],
    },
  ];
  const [jdk] = jdks;
  const file = join(scope.folder(), 'Counted.java');
  writeFileSync(file, javaText);
  if (jdk) {
    const argv = [`${jdk.home}/bin/java`, file];
    programs.push({ runtime: 'java', name: `JVM ${jdk.version}`, engine: 'cpu', argv });
  }
  const [python] = interpreters();
  if (python) {
    const argv = [python.path, '-c', pythonText];
    programs.push({ runtime: 'python', name: `CPython ${python.version}`, engine: 'ctimer', argv });
  }
  return programs;
}
