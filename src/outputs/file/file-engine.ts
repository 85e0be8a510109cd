import type { Clock } from '../../kernel/clock.js';
import { Turns } from '../../kernel/turns.js';
import type { OutputEngine } from '../engine/output-engine.js';
import type { OutputMessage } from '../messages/output-message.js';
import type { LineFile } from './line-file.js';
import type { OutputFolder } from './output-folder.js';

/** Longest time without a look at the wall clock, which may be set. */
const LONGEST_WAIT_MS = 60_000;

/** When a new file begins. */
export interface Rotation {
  /** At every multiple of this time since the epoch, in UTC. */
  readonly periodMs: number;
  /** Before the text of the file is larger. A longer message has a file of its own. */
  readonly bytes: number;
}

/** Writes messages to the files of a folder. */
export class FileEngine implements OutputEngine {
  private file: LineFile | undefined;
  /** The period of {@link file}, counted since the epoch. */
  private period = 0;
  /** The work on {@link file}: deliveries, and the end of a period. */
  private readonly turns = new Turns();
  private stopWaiting = (): void => undefined;
  private closing: Promise<void> | undefined;
  /** Why a file could not be finished at the end of its period. The next delivery reports it. */
  private failure: unknown;

  constructor(
    private readonly folder: OutputFolder,
    private readonly rotation: Rotation,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves when the messages are on the disk. It is also rejected if the file before could not be finished; the caller then opens the
   * folder again, which finishes it.
   * @throws OutputError; the messages since the last delivery are then taken back.
   */
  send(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    return this.turns.run(() => this.write(messages, signal));
  }

  /** Finishes the file. A file that cannot be finished keeps its name, and is finished when the folder is opened again. */
  close(): Promise<void> {
    return (this.closing ??= this.turns.run(() => this.seal()).catch(() => undefined));
  }

  private async write(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    try {
      for (let next = 0; next < messages.length;) {
        signal.throwIfAborted();
        const file = await this.fileFor(messages[next].size + 1);
        const room = this.rotation.bytes - file.textBytes;
        next = await this.folder.attempt(() => file.write(messages, next, room));
      }
      await this.folder.attempt(() => this.commit());
    } catch (error) {
      await this.file?.rollBack().catch(() => undefined);
      throw error;
    }
  }

  private async commit(): Promise<void> {
    if (this.file !== undefined && !(await this.file.commit())) throw this.folder.removed();
  }

  /** Returns the file for a line of `bytes` octets. */
  private async fileFor(bytes: number): Promise<LineFile> {
    const { file } = this;
    const isFull = file !== undefined && file.textBytes > 0 && file.textBytes + bytes > this.rotation.bytes;
    if (isFull || this.periodNow() !== this.period) await this.seal();
    if (this.file === undefined) {
      const time = this.clock.wallTime();
      this.file = await this.folder.begin(time);
      this.period = this.periodAt(time);
      this.awaitEndOfPeriod();
    }
    return this.file;
  }

  private async seal(): Promise<void> {
    this.stopWaiting();
    const { file } = this;
    this.file = undefined;
    if (file !== undefined) await this.folder.seal(file);
  }

  /** Finishes the file at the end of its period, also if no message comes. */
  private awaitEndOfPeriod(): void {
    const left = (this.period + 1) * this.rotation.periodMs - this.clock.wallTime();
    this.stopWaiting();
    this.stopWaiting = this.clock.after(Math.min(Math.max(left, 0), LONGEST_WAIT_MS), () => {
      void this.turns
        .run(async () => {
          if (this.file === undefined) return;
          if (this.periodNow() === this.period) this.awaitEndOfPeriod();
          else await this.seal();
        })
        .catch((error: unknown) => (this.failure = error));
    });
  }

  private periodNow(): number {
    return this.periodAt(this.clock.wallTime());
  }

  private periodAt(time: number): number {
    return Math.floor(time / this.rotation.periodMs);
  }
}
