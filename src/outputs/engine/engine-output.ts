import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CertificateBatch } from '../../certificate/certificate-batch.js';
import type { CertificateOutput, OutputRecord } from '../certificate-output.js';
import { OutputError } from '../output-error.js';
import type { DeadLetters } from '../messages/dead-letters.js';
import type { MessageSelection } from '../messages/message-selection.js';
import type { OutputMessage } from '../messages/output-message.js';
import { type EngineSource, MessagesRefusedError, type OutputEngine } from './output-engine.js';

const LIMIT = { bytes: 4 * 1024 * 1024, records: 64 };
/**
 * Octets of texts after which a part of a delivery is sent. Each part has the whole time limit, and a repeated delivery begins after the
 * last part that was acknowledged, so a large delivery makes progress over a slow connection.
 */
const PART_BYTES = 4 * 1024 * 1024;
/** Entries whose messages are written in one turn of the event loop; others have their turn after about two milliseconds. */
const ENTRIES_PER_TURN = 256;

export interface EngineOutputParts extends Pick<CertificateOutput, 'type' | 'required'> {
  readonly source: EngineSource;
  readonly selection: MessageSelection;
  readonly deadLetters: DeadLetters;
  /** Time limit of each part of a delivery, milliseconds. */
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
  private readonly acknowledged = new WeakSet<CertificateBatch>();

  constructor(
    readonly name: string,
    private readonly parts: EngineOutputParts,
  ) {
    this.type = parts.type;
    this.required = parts.required;
    this.limit = parts.source.limit ?? LIMIT;
    this.lingerMs = parts.source.lingerMs;
  }

  /** Takes what only one server may use. @throws OutputError, which ends the start. */
  async start(): Promise<void> {
    try {
      await this.parts.source.start?.();
    } catch (error) {
      throw OutputError.of(this.name, error);
    }
  }

  get refused(): number {
    return this.parts.deadLetters.count;
  }

  get lostDeadLetters(): number {
    return this.parts.deadLetters.lost;
  }

  async deliver(records: readonly OutputRecord[], signal: AbortSignal): Promise<void> {
    let part = newPart();
    let entries = 0;
    for (const record of records) {
      if (this.acknowledged.has(record.batch)) continue;
      part.batches.push(record.batch);
      for (const message of await this.parts.selection.messagesOf(record)) {
        part.messages.push(message);
        part.bytes += message.size;
      }
      entries += record.batch.count;
      if (entries >= ENTRIES_PER_TURN) {
        entries = 0;
        await nextTurn();
      }
      if (part.bytes < PART_BYTES) continue;
      await this.sendPart(part, signal);
      part = newPart();
    }
    await this.sendPart(part, signal);
  }

  private async sendPart({ messages, batches }: Part, signal: AbortSignal): Promise<void> {
    if (messages.length > 0) await this.send(messages, signal);
    for (const batch of batches) this.acknowledged.add(batch);
  }

  /** Sends messages within the time limit. @throws the error of the engine, or OutputError (`OUTPUT_TIMEOUT`). */
  async send(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    const { timeoutMs } = this.parts;
    const delivery = new AbortController();
    let onStop = (): void => undefined;
    let timer: NodeJS.Timeout | undefined;
    // An engine that ignores the signal must not hold up the output.
    const aborted = new Promise<never>((_, reject) => {
      const abort = (error: Error): void => {
        reject(error);
        delivery.abort(error);
      };
      onStop = () => abort(new Error('the server stops'));
      timer = setTimeout(() => abort(timeoutError(timeoutMs)), timeoutMs);
      // A listener and not AbortSignal.any, whose signals stay in the memory of a signal that is never aborted.
      signal.addEventListener('abort', onStop);
      if (signal.aborted) onStop();
    });
    aborted.catch(() => undefined);
    const sent = this.sendWithEngine(messages, delivery.signal);
    try {
      await Promise.race([sent, aborted]);
    } catch (error) {
      sent.catch(() => undefined);
      this.dropEngine();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onStop);
    }
  }

  async suspend(): Promise<void> {
    const { engine } = this;
    this.engine = undefined;
    try {
      await engine?.close();
    } finally {
      await this.parts.deadLetters.close();
    }
  }

  async close(): Promise<void> {
    try {
      await this.suspend();
    } finally {
      await this.parts.source.close?.();
    }
  }

  private async sendWithEngine(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    let { engine } = this;
    if (engine === undefined) {
      engine = await this.parts.source.open(signal);
      if (signal.aborted) {
        closeLater(engine);
        signal.throwIfAborted();
      }
      this.engine = engine;
    }
    try {
      await engine.send(messages, signal);
    } catch (error) {
      // After the time limit all messages are sent again, so those that were refused will be refused again.
      if (!(error instanceof MessagesRefusedError) || signal.aborted) throw error;
      await this.parts.deadLetters.add(error.refused);
    }
  }

  private dropEngine(): void {
    const { engine } = this;
    this.engine = undefined;
    if (engine !== undefined) closeLater(engine);
  }
}

/** Messages that are sent together, and the batches of their records. */
interface Part {
  readonly messages: OutputMessage[];
  readonly batches: CertificateBatch[];
  bytes: number;
}

function newPart(): Part {
  return { messages: [], batches: [], bytes: 0 };
}

function closeLater(engine: OutputEngine): void {
  void Promise.resolve()
    .then(() => engine.close())
    .catch(() => undefined);
}

function timeoutError(timeoutMs: number): OutputError {
  return new OutputError(
    'OUTPUT_TIMEOUT',
    `the delivery was not acknowledged within ${timeoutMs / 1000} s; a new connection is made`,
  );
}
