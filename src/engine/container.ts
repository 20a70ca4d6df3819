/** Which container a process runs in, from the name of its cgroup. Pure. */
import { cleanText } from '../profile/clean-text.ts';

const runtimes: readonly (readonly [runtime: string, pattern: RegExp])[] = [
  ['podman', /libpod-([0-9a-f]{64})/],
  ['containerd', /cri-containerd[-:]([0-9a-f]{64})/],
  ['cri-o', /crio-([0-9a-f]{64})/],
  ['docker', /docker[-/]([0-9a-f]{64})/],
  ['kubernetes', /kubepods.*\/([0-9a-f]{64})/],
  ['lxc', /\/lxc(?:\.payload)?[./]([^/\n]+)/],
  ['machine', /\/machine-([^/\n]+)\.scope/],
];
/** As docker ps prints an id. */
const idLetters = 12;

/** @param cgroup text of /proc/PID/cgroup @returns `docker 3f2a1b4c5d6e`, or '' outside of any container */
export function containerOf(cgroup: string): string {
  for (const [runtime, pattern] of runtimes) {
    const name = pattern.exec(cgroup)?.[1];
    if (name === undefined) continue;
    const isId = /^[0-9a-f]{64}$/.test(name);
    return `${runtime} ${isId ? name.slice(0, idLetters) : cleanText(name)}`;
  }
  return '';
}
