import type { CertificateBatch } from '../../certificate/certificate-batch.js';
import type { LogSource } from '../../certificate/entry-batch.js';
import type { RenderedTexts, StreamKind } from '../../certificate/rendered-texts.js';
import type { OutputRecord } from '../certificate-output.js';

const LINE_FEED = 10;

/**
 * One entry as an output sends it. Ids, keys and the text are computed when they are asked for: thousands of messages wait for
 * an acknowledgement at a time.
 */
export class OutputMessage {
  private readonly batch: CertificateBatch;
  /** One line feed at the end is not part of the text. */
  private readonly end: number;

  private constructor(
    private readonly memory: Buffer,
    private readonly start: number,
    end: number,
    readonly stream: StreamKind,
    private readonly record: OutputRecord,
    private readonly position: number,
  ) {
    this.end = memory[end - 1] === LINE_FEED ? end - 1 : end;
    this.batch = record.batch;
  }

  /** @param text the JSON document of the entry at this position of the record. */
  static of(text: Buffer, stream: StreamKind, record: OutputRecord, position: number): OutputMessage {
    return new OutputMessage(text, 0, text.length, stream, record, position);
  }

  /** @param texts those of all entries of the record. */
  static inTexts(
    { buffer, textStart, frameStart }: RenderedTexts,
    stream: StreamKind,
    record: OutputRecord,
    position: number,
  ): OutputMessage {
    return new OutputMessage(buffer, textStart[position], frameStart[position + 1], stream, record, position);
  }

  /**
   * The JSON document of a stream, in UTF-8, without a line feed. It must not be changed, since others use its memory. Each call
   * makes another view of it.
   */
  get text(): Buffer {
    return this.memory.subarray(this.start, this.end);
  }

  /** Octets of the text. */
  get size(): number {
    return this.end - this.start;
  }

  get source(): LogSource {
    return this.batch.source;
  }

  /** Index of the entry in its log. */
  get index(): number {
    return this.batch.firstIndex + this.position;
  }

  /** Wall-clock time at which the entry was received, milliseconds since the epoch. */
  get seen(): number {
    return this.batch.seen;
  }

  /** The LogID in base64, or the URL of a log whose key is unknown. */
  get log(): string {
    return this.source.logId ?? this.source.url;
  }

  /**
   * `<log>:<index>`. A delivery that is repeated has the same id, so consumers can drop what they already have. An entry that is
   * published again with other content has `:<record>` at the end.
   */
  get id(): string {
    const id = `${this.log}:${this.index}`;
    return this.record.kind === 'again' ? `${id}:${this.record.seq}` : id;
  }

  /** Whether both entries are of the same record. */
  isOfRecordOf({ batch }: OutputMessage): boolean {
    return this.batch === batch;
  }

  /** Returns the id of a message with this entry and others of its record: `<log>:<first>-<last>/<count>`, with `:<record>` like {@link id}. */
  idThrough(last: OutputMessage, count: number): string {
    const id = `${this.log}:${this.index}-${last.index}/${count}`;
    return this.record.kind === 'again' ? `${id}:${this.record.seq}` : id;
  }

  /** Returns the first name of the certificate; undefined without names. */
  domain(): string | undefined {
    return this.batch.entry(this.position).allDomains()[0];
  }

  /** Returns the SHA-256 of the submitted DER, 64 hexadecimal digits in lower case; empty without DER. */
  sha256(): string {
    return this.batch.entry(this.position).sha256().replaceAll(':', '').toLowerCase();
  }
}
