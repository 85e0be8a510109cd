import type { CertificateBatch } from '../../certificate/certificate-batch.js';
import type { LogSource } from '../../certificate/entry-batch.js';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import type { OutputRecord } from '../certificate-output.js';

const LINE_FEED = 10;

/** One entry as an output sends it. Ids and keys are computed when they are asked for. */
export class OutputMessage {
  /** The JSON document of a stream, in UTF-8, without a line feed. It must not be changed, since others use its memory. */
  readonly text: Buffer;
  private readonly batch: CertificateBatch;

  /** @param text the document; one line feed at its end is left out. */
  constructor(
    text: Buffer,
    readonly stream: StreamKind,
    private readonly record: OutputRecord,
    private readonly position: number,
  ) {
    this.text = text.at(-1) === LINE_FEED ? text.subarray(0, -1) : text;
    this.batch = record.batch;
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

  /** Returns the first name of the certificate; undefined without names. */
  domain(): string | undefined {
    return this.batch.entry(this.position).allDomains()[0];
  }

  /** Returns the SHA-256 of the submitted DER, 64 hexadecimal digits in lower case; empty without DER. */
  sha256(): string {
    return this.batch.entry(this.position).sha256().replaceAll(':', '').toLowerCase();
  }
}
