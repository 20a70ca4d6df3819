/** A session as the writers of files see it: its status and profile, when it began, and the machine it ran on. */
import { machine, release } from 'node:os';
import { readMachineFacts } from '../engine/machine.ts';
import type { LiveSession } from '../engine/status.ts';
import type { RunSummary } from '../export/summary.ts';
import { readKernelIdentity } from '../symbolize/kernel-identity.ts';
import { version } from './version.ts';

export type RunBegin = Pick<RunSummary, 'recordedAt' | 'environment'>;

/** What must be read while the session has just begun: its end tells neither the hour nor the settings. */
export function beginRun({ status }: LiveSession): RunBegin {
  const { paranoid, kptrRestrict } = readMachineFacts(status.target.pid);
  return {
    recordedAt: new Date(Date.now() - status.elapsedNs / 1e6).toISOString(),
    environment: {
      ...{ paranoid, kptr: kptrRestrict, kernel: release(), arch: machine() },
      kernelIdentity: readKernelIdentity(),
    },
  };
}

export function summarizeRun({ status, profile }: LiveSession, begin: RunBegin): RunSummary {
  return { version, profile, ...status, ...begin };
}
