import type { CertificateOutput, OutputRecord } from '../certificate-output.js';
import { OutputError } from '../output-error.js';
import type { DeadLetters } from '../messages/dead-letters.js';
import type { MessageSelection } from '../messages/message-selection.js';
import type { OutputMessage } from '../messages/output-message.js';
import { type EngineSource, MessagesRefusedError, type OutputEngine } from './output-engine.js';

const LIMIT = { bytes: 4 * 1024 * 1024, records: 64 };

export interface EngineOutputParts extends Pick<CertificateOutput, 'type' | 'required'> {
  readonly source: EngineSource;
  readonly selection: MessageSelection;
  readonly deadLetters: DeadLetters;
  /** Time limit of one delivery, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * A {@link CertificateOutput} of `outputs` in the configuration: it writes the chosen messages, sends them with an engine, and keeps those that the
 * other side refuses.
 */
export class EngineOutput implements CertificateOutput {
  readonly type: string | undefined;
  readonly required: boolean | undefined;
  readonly limit: CertificateOutput['limit'];
  readonly lingerMs: number | undefined;
  private engine: OutputEngine | undefined;

  constructor(
    readonly name: string,
    private readonly parts: EngineOutputParts,
  ) {
    this.type = parts.type;
    this.required = parts.required;
    this.limit = parts.source.limit ?? LIMIT;
    this.lingerMs = parts.source.lingerMs;
  }

  get refused(): number {
    return this.parts.deadLetters.count;
  }

  async deliver(records: readonly OutputRecord[], signal: AbortSignal): Promise<void> {
    const messages: OutputMessage[] = [];
    for (const record of records) messages.push(...(await this.parts.selection.messagesOf(record)));
    if (messages.length > 0) await this.send(messages, signal);
  }

  /** Sends messages within the time limit. @throws the error of the engine, or OutputError (`OUTPUT_TIMEOUT`). */
  async send(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    const { timeoutMs } = this.parts;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    const both = AbortSignal.any([signal, timeout.signal]);
    const sent = this.sendWithEngine(messages, both);
    // An engine that ignores the signal must not hold up the output.
    const aborted = new Promise<never>((_, reject) => {
      both.addEventListener('abort', () => reject(this.abortError(timeout.signal.aborted)), { once: true });
      if (both.aborted) reject(this.abortError(timeout.signal.aborted));
    });
    try {
      await Promise.race([sent, aborted]);
    } catch (error) {
      sent.catch(() => undefined);
      this.dropEngine();
      throw error;
    } finally {
      aborted.catch(() => undefined);
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    const { engine } = this;
    this.engine = undefined;
    await engine?.close();
    await this.parts.deadLetters.close();
  }

  private async sendWithEngine(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    const engine = this.engine ?? (await this.parts.source.open(signal));
    if (signal.aborted) {
      void engine.close();
      signal.throwIfAborted();
    }
    this.engine = engine;
    try {
      await engine.send(messages, signal);
    } catch (error) {
      if (!(error instanceof MessagesRefusedError)) throw error;
      await this.parts.deadLetters.add(error.refused);
    }
  }

  private dropEngine(): void {
    const { engine } = this;
    this.engine = undefined;
    void engine?.close();
  }

  private abortError(isLate: boolean): Error {
    if (!isLate) return new Error('the server stops');
    return new OutputError(
      'OUTPUT_TIMEOUT',
      `the delivery was not acknowledged within ${this.parts.timeoutMs / 1000} s; a new connection is made`,
    );
  }
}
