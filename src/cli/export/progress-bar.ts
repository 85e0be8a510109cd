import { printable } from '../../logging/printable.js';

const REDRAW_MS = 100;
const BAR_WIDTH = 24;
/** Moves to the first column and erases the line (ECMA-48, 8.3.41). */
const CLEAR_LINE = '\r\u001b[K';
const NUMBER = new Intl.NumberFormat('en-US');

/** The part of `process.stderr` that this file uses. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Formats a count with separators, such as 12,345. */
export function formatCount(count: number): string {
  return NUMBER.format(count);
}

/** ProgressBar shows on a terminal how many entries are done. On other outputs it writes only lines. */
export class ProgressBar {
  private done = 0;
  private drawnAt = -Infinity;
  private isDrawn = false;
  private readonly startedAt: number;

  constructor(
    private readonly output: ProgressOutput,
    private readonly total: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.startedAt = now();
  }

  /** Adds entries that are done. */
  advance(entries: number): void {
    this.done += entries;
    if (this.output.isTTY !== true || this.now() - this.drawnAt < REDRAW_MS) return;
    this.drawnAt = this.now();
    this.isDrawn = true;
    this.output.write(`${CLEAR_LINE}${this.text().slice(0, (this.output.columns ?? 80) - 1)}`);
  }

  /** Writes a line of its own, above the bar. */
  line(text: string): void {
    this.clear();
    this.output.write(`${printable(text)}\n`);
    this.drawnAt = -Infinity;
  }

  /** Removes the bar. */
  clear(): void {
    if (this.isDrawn) this.output.write(CLEAR_LINE);
    this.isDrawn = false;
  }

  private text(): string {
    const share = this.total === 0 ? 1 : Math.min(1, this.done / this.total);
    const filled = Math.round(share * BAR_WIDTH);
    const perSecond = this.done / Math.max(0.001, (this.now() - this.startedAt) / 1000);
    const left = perSecond > 0 ? ` ${duration((this.total - this.done) / perSecond)} left` : '';
    const bar = '#'.repeat(filled).padEnd(BAR_WIDTH, '-');
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    const counts = `${formatCount(this.done)} of ${formatCount(this.total)} entries`;
    return `[${bar}] ${percent}  ${counts}, ${formatCount(Math.round(perSecond))}/s,${left}`;
  }
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] > 0 ? parts : parts.slice(1);
  return shown.map((part, i) => (i === 0 ? `${part}` : `${part}`.padStart(2, '0'))).join(':');
}
