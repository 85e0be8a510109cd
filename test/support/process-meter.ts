import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks per second of /proc/<pid>/stat on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const KB_PER_MB = 1024;

/** Whether this machine reports the memory and CPU time of a process (Linux). */
export const CAN_METER = existsSync('/proc/self/clear_refs');

/** Reads the memory and the CPU time of one process from the operating system. */
export class ProcessMeter {
  constructor(private readonly pid: number) {}

  /** User and system time of all threads since the start of the process, seconds. */
  get cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Current resident memory, MiB. */
  get residentMb(): number {
    return this.statusMb('VmRSS');
  }

  /** Highest resident memory since {@link resetPeak}, MiB. */
  get peakMb(): number {
    return this.statusMb('VmHWM');
  }

  resetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  private statusMb(name: string): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / KB_PER_MB;
  }
}
