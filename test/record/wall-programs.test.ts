/** Real programs in wall time: their sleeping threads have whole stacks, though only pc and sp can be read of them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hasTool } from '../helpers/tools.ts';
import { inclusiveShare, paths } from '../helpers/tree.ts';
import { passedNs, recordWall } from '../helpers/wall.ts';

/** Starts a program that prints a line when it works; it is killed when the test ends. */
async function start(t: TestContext, command: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  return child;
}

async function recordProgram(t: TestContext, command: string, args: readonly string[]) {
  const child = await start(t, command, args);
  const profile = await recordWall(child.pid ?? 0, 4);
  assert.equal(child.exitCode, null, 'it goes on');
  const steady = profile.threads.filter(({ weightNs }) => weightNs > passedNs(profile) * 0.9);
  const sum = steady.reduce((all, { weightNs }) => all + weightNs, 0);
  const covered = sum / (steady.length * passedNs(profile));
  assert(covered > 0.97 && covered < 1.01, `${covered} of threads × time`);
  return profile;
}

/** Share of the stacks that run through all these functions, root first, and end in this label. */
function shareThrough(profile: Awaited<ReturnType<typeof recordWall>>, ...names: readonly string[]): number {
  const passes = (path: readonly string[]) => {
    let at = 0;
    for (const name of path) if (at < names.length && name.includes(names[at] ?? '')) at++;
    return at === names.length;
  };
  let sum = 0;
  for (const { node, path } of paths(profile.tree)) {
    if (passes(path.map((each) => each.name))) sum += node.selfNs;
  }
  return sum / profile.tree.totalNs;
}

test('node: the event loop sleeps in epoll under its own functions, built with frame pointers', async (t) => {
  const script = 'setInterval(() => {}, 40); console.log("ready")';
  const profile = await recordProgram(t, process.execPath, ['-e', script]);
  assert(shareThrough(profile, 'start_thread', '[sleeping: futex]') > 0.3);
  const loops =
    shareThrough(profile, 'main', 'uv_run', 'uv__io_poll', '[sleeping: epoll') * profile.threads.length;
  assert(loops > 0.7, `${loops} of the main thread`);
  assert(inclusiveShare(profile.tree, '[truncated]') < 0.1);
});

test('python3: both threads sleep where the script says', async (t) => {
  if (!hasTool(t, 'python3', 'python3')) return;
  const script = `import threading, time
threading.Thread(target=lambda: time.sleep(600), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()`;
  const profile = await recordProgram(t, '/usr/bin/python3', ['-c', script]);
  assert(shareThrough(profile, 'start_thread', '<lambda>', '[sleeping: clock_nanosleep]') > 0.4);
  assert(shareThrough(profile, '_start', '<module>', 'Event.wait', '[sleeping: futex]') > 0.4);
  assert(inclusiveShare(profile.tree, '[truncated]') < 0.1);
});

const java = `public class Sleepers {
  public static void main(String[] arguments) throws Exception {
    Object never = new Object();
    Thread napper = new Thread(() -> {
      try { while (true) Thread.sleep(30); } catch (InterruptedException end) { }
    });
    napper.setDaemon(true);
    napper.start();
    System.out.println("ready");
    synchronized (never) { never.wait(); }
  }
}
`;

test('java: threads that sleep in Thread.sleep and Object.wait, through the frames of the JVM', async (t) => {
  if (!hasTool(t, 'javac', 'default-jdk-headless')) return;
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-java-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'Sleepers.java');
  writeFileSync(file, java);
  const profile = await recordProgram(t, 'java', [file]);
  const one = 1 / profile.threads.length;
  assert(
    shareThrough(profile, 'start_thread', 'JavaCalls::call', 'JVM_Sleep', '[sleeping: futex]') > one * 0.8,
  );
  assert(
    shareThrough(profile, 'start_thread', 'JavaCalls::call', 'JVM_MonitorWait', '[sleeping: futex]') >
      one * 0.8,
  );
  assert(inclusiveShare(profile.tree, '[truncated]') < 0.1);
});
