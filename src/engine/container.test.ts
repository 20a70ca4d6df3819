import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerOf } from './container.ts';

const id = '3f2a1b4c5d6e'.padEnd(64, '0');

for (const [cgroup, container] of [
  [`0::/system.slice/docker-${id}.scope\n`, 'docker 3f2a1b4c5d6e'],
  [`12:cpu:/docker/${id}\n11:memory:/docker/${id}\n`, 'docker 3f2a1b4c5d6e'],
  [`0::/machine.slice/libpod-${id}.scope/container\n`, 'podman 3f2a1b4c5d6e'],
  [`0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-${id}.scope\n`, 'containerd 3f2a1b4c5d6e'],
  [`0::/kubepods.slice/x/crio-${id}.scope\n`, 'cri-o 3f2a1b4c5d6e'],
  [`4:cpu:/kubepods/besteffort/pod12/${id}\n`, 'kubernetes 3f2a1b4c5d6e'],
  ['0::/lxc.payload.web/system.slice\n', 'lxc web'],
  ['0::/lxc/we\u001b[2Jb\n', 'lxc we·[2Jb'],
  ['0::/machine.slice/machine-debian.scope\n', 'machine debian'],
  ['0::/user.slice/user-1000.slice/session-2.scope\n', ''],
  ['0::/\n', ''],
  ['', ''],
] as const) {
  test(`cgroup ${JSON.stringify(cgroup.slice(0, 40))} is in ${container || 'no container'}`, () => {
    assert.equal(containerOf(cgroup), container);
  });
}
