import { printable, printableJson } from '../../logging/printable.js';
import { certificateLine, type StreamMessage } from '../certificate-line.js';
import { lineStyleOf, type PrinterOutput } from '../demo-printer.js';

/** The parts of `process` that this file uses. */
export interface WatchOutput {
  readonly stdout: PrinterOutput & { once(event: 'drain', listener: () => void): unknown };
  readonly stderr: { write(text: string): unknown };
}

export interface WatchPrinterOptions {
  /** Whether JSON is printed on a terminal as well. */
  readonly json: boolean;
  /** Called when the output takes no more text for now, and when it does again. */
  readonly onFull: () => void;
  readonly onDrain: () => void;
}

/** WatchPrinter prints certificates: as lines on a terminal, as JSON lines elsewhere. Notes go to the standard error. */
export class WatchPrinter {
  printed = 0;
  private isFull = false;

  constructor(
    private readonly output: WatchOutput,
    private readonly options: WatchPrinterOptions,
  ) {}

  /** @param text the JSON text of `message`. */
  print(message: StreamMessage, text: string): void {
    this.printed++;
    const { stdout } = this.output;
    stdout.write(`${this.lineOf(message, text)}\n`);
    if (!stdout.writableNeedDrain || this.isFull) return;
    this.isFull = true;
    this.options.onFull();
    stdout.once('drain', () => {
      this.isFull = false;
      this.options.onDrain();
    });
  }

  note(line: string): void {
    this.output.stderr.write(`${printable(line)}\n`);
  }

  private lineOf(message: StreamMessage, text: string): string {
    const { stdout } = this.output;
    if (stdout.isTTY === true && !this.options.json)
      return certificateLine(message, lineStyleOf(stdout), Date.now());
    const trimmed = text.trim();
    const line = /[\r\n]/.test(trimmed) ? JSON.stringify(message) : trimmed;
    return stdout.isTTY === true ? printableJson(line) : line;
  }
}
