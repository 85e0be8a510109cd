import { readFileSync } from 'node:fs';

/** Clock ticks per second in /proc/<pid>/stat on every Linux system that Node supports. */
const TICKS_PER_SECOND = 100;

export interface ProcessUsage {
  readonly residentMb: number;
  /** User and system time of all threads since the start of the process. */
  readonly cpuSeconds: number;
}

/** Returns the usage of a process as the operating system (Linux) counts it. */
export function usageOf(pid: number | undefined): ProcessUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    residentMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}
