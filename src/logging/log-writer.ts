/** Characters that may wait for the reader of an output. */
const MAX_WAITING = 1024 * 1024;

/** The part of `process.stdout` that this file uses. A file has no `writableLength`, since it is written at once. */
export interface LogStream {
  readonly isTTY?: boolean;
  readonly writableLength?: number;
  write(text: string): unknown;
  once(event: 'drain', listener: () => void): unknown;
}

/** The part of `process` that this file uses. */
interface ExitHost {
  once(event: 'exit', listener: () => void): unknown;
}

/**
 * LogWriter writes lines to an output that may have a slow reader or none, such as a pipe, and never waits for it. If too much waits already,
 * lines are lost and counted until all that waits is read. Then one line says how many were lost.
 */
export class LogWriter {
  /** Number of lines that were not written, because nothing read the output. */
  lost = 0;
  private lostSinceDrain = 0;

  constructor(private readonly stream: () => LogStream) {}

  /**
   * @param line ends with a line feed.
   * @param notice returns the line that follows `lost` lines that were not written.
   */
  write(line: string, notice: (lost: number) => string): void {
    const stream = this.stream();
    if (this.lostSinceDrain === 0 && (stream.writableLength ?? 0) <= MAX_WAITING) {
      stream.write(line);
      return;
    }
    this.lost++;
    if (this.lostSinceDrain++ > 0) return;
    stream.once('drain', () => {
      const lost = this.lostSinceDrain;
      this.lostSinceDrain = 0;
      stream.write(notice(lost));
    });
  }
}

/** The outputs of this process. */
export const standardOutput = new LogWriter(() => process.stdout);
export const standardError = new LogWriter(() => process.stderr);

export function lostLines(lost: number, output: string): string {
  return `${lost === 1 ? 'a line' : `${lost} lines`} of the log ${lost === 1 ? 'was' : 'were'} lost, because nothing read the standard ${output}`;
}

/**
 * Lets a terminal that is stopped, with Ctrl-S for example, hold up the log only. By default, Node waits for a terminal. When the process
 * exits, the terminal is as before: the shell may use the same open file, and would fail to read from it.
 */
export function doNotWaitForTerminal(stream: LogStream, host: ExitHost = process): void {
  if (!stream.isTTY) return;
  // Node has no public function for this.
  const handle = Reflect.get(stream, '_handle') as { setBlocking?(blocking: boolean): void } | undefined;
  if (handle?.setBlocking === undefined) return;
  handle.setBlocking(false);
  host.once('exit', () => handle.setBlocking?.(true));
}
