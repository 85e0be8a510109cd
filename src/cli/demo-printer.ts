import { certificateLine, type LineStyle, type StreamMessage } from './certificate-line.js';

/** Maximum number of lines per second. A person cannot read more, and the demo shall not print faster than a terminal shows. */
const MAX_LINES_PER_SECOND = 100;

/** The part of `process.stdout` that this file uses. */
export interface PrinterOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly writableNeedDrain: boolean;
  hasColors?(): boolean;
  write(text: string): unknown;
}

/** Returns how lines look on an output: colour only on a terminal that has it and without NO_COLOR. */
export function lineStyleOf(output: PrinterOutput): LineStyle {
  const isTerminal = output.isTTY === true;
  return {
    colour: isTerminal && output.hasColors?.() === true,
    ...(isTerminal && { width: output.columns }),
  };
}

/** DemoPrinter prints certificates as lines. Above a rate that can be read, it counts them instead. */
export class DemoPrinter {
  private second = 0;
  private lines = 0;
  private skipped = 0;

  constructor(
    private readonly output: PrinterOutput,
    private readonly now: () => number = Date.now,
  ) {}

  /** @param read returns the message; called only for a certificate that is printed. */
  print(read: () => StreamMessage): void {
    const now = this.now();
    const second = Math.floor(now / 1000);
    if (second !== this.second) {
      if (this.skipped > 0) this.output.write(`          … and ${this.skipped} more\n`);
      this.second = second;
      this.lines = 0;
      this.skipped = 0;
    }
    if (this.lines >= MAX_LINES_PER_SECOND || this.output.writableNeedDrain) {
      this.skipped++;
      return;
    }
    this.lines++;
    this.output.write(`${certificateLine(read(), lineStyleOf(this.output), now)}\n`);
  }
}
