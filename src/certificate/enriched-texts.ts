import { sourceOf } from './byte-source.js';
import { ByteWriter } from './byte-writer.js';
import { CertificateFields } from './certificate-fields.js';
import type { BatchPlace, EntryBatch } from './entry-batch.js';
import { Extension } from './extension-fields.js';
import { publicKeyType } from './public-key-type.js';
import { RegistrableDomains } from './registrable-domains.js';
import { type LiteTexts, type TextFramer, TextIndex } from './rendered-texts.js';
import { ascii, TextPiece } from './text-piece.js';
import { MAX_REGISTRABLE_NAMES } from './text-limits.js';
import { validationType } from './validation-type.js';

const REGISTRABLE_DOMAINS = ascii(',"registrable_domains":');
const KEY_TYPE = ascii(',"key_type":');
const VALIDATION_TYPE = ascii(',"validation_type":');
const NULL = ascii('null');
const QUOTE = 0x22;
const DOT = 0x2e;
/** Octets that the additions to one message usually need. */
const USUAL_ADDITION = 300;

/** What the additions depend on besides the certificate. */
export interface EnrichmentOptions {
  readonly framer: TextFramer | undefined;
  /** Octets at the end of each lite text that close `data` and the message. */
  readonly closeBytes: number;
  /** Undefined if the journal has no place for the entries, for example because it had them before. */
  readonly place: BatchPlace | undefined;
  /** Beginning of all cursors. */
  readonly cursorPrefix: string;
}

/**
 * Writes the lite texts for clients that ask for `enrich=1` (docs/wire-format.md, "Enrichment"): it copies the plain texts, adds
 * `registrable_domains`, `key_type` and `validation_type` after `all_domains`, and `log_id`, `verification` and `cursor` at the end
 * of `data`. It reads the certificates again, so that the plain texts do not pay for what only these texts need.
 */
export class EnrichedTexts {
  private readonly out = new ByteWriter();
  private readonly fields = new CertificateFields();
  private readonly registrable = new RegistrableDomains();

  write(entries: EntryBatch, lite: LiteTexts, options: EnrichmentOptions): LiteTexts {
    const { out } = this;
    const { framer, closeBytes } = options;
    const end = endOf(entries, options);
    const source = sourceOf(lite.buffer);
    const index = new TextIndex(entries.count, framer);
    out.restart(lite.buffer.length + entries.count * USUAL_ADDITION);
    for (let i = 0; i < entries.count; i++) {
      index.open(out);
      const start = lite.textStart[i];
      const domainsEnd = start + lite.domainsEnd[i];
      const close = lite.frameStart[i + 1] - closeBytes;
      out.range(source, start, domainsEnd);
      this.writeCertificate(entries, i, lite.buffer.subarray(start + lite.domainsStart[i], domainsEnd));
      out.range(source, domainsEnd, close);
      out.text(end);
      writeIndex(out, options.place, i);
      out.range(source, close, close + closeBytes);
      index.close(out);
    }
    return { ...lite, ...index.finish(out) };
  }

  /** @param domains the JSON text of `all_domains` */
  private writeCertificate(entries: EntryBatch, i: number, domains: Buffer): void {
    const { out, fields } = this;
    fields.readEntry(entries, i);
    const { der, extensions } = fields;
    out.text(REGISTRABLE_DOMAINS);
    const names = JSON.parse(domains.toString()) as string[];
    if (names.length > MAX_REGISTRABLE_NAMES) names.length = MAX_REGISTRABLE_NAMES;
    out.bytes(Buffer.from(JSON.stringify(this.registrable.of(names))));
    out.text(KEY_TYPE);
    writeName(out, publicKeyType(der, fields.keyStart, fields.keyEnd));
    out.text(VALIDATION_TYPE);
    const policies = Extension.CertificatePolicies;
    const hasPolicies = extensions.has(policies);
    writeName(
      out,
      hasPolicies ? validationType(der, extensions.start[policies], extensions.end[policies]) : undefined,
    );
  }
}

/** Writes an ASCII name that JSON does not escape, or null. */
function writeName(out: ByteWriter, name: string | undefined): void {
  if (name === undefined) return out.text(NULL);
  out.byte(QUOTE);
  out.latin1(name);
  out.byte(QUOTE);
}

/** Returns the text that ends `data` of all messages, as far as it is the same in each. */
function endOf({ source, verification }: EntryBatch, { place, cursorPrefix }: EnrichmentOptions): TextPiece {
  const logId = JSON.stringify(source.logId ?? null);
  const cursor = place === undefined ? 'null' : `"${cursorPrefix}${place.seq}`;
  return new TextPiece(Buffer.from(`,"log_id":${logId},"verification":"${verification}","cursor":${cursor}`));
}

/** Writes the end of the cursor after entry `i`. */
function writeIndex(out: ByteWriter, place: BatchPlace | undefined, i: number): void {
  if (place === undefined) return;
  out.byte(DOT);
  out.integer(place.offset + i + 1);
  out.byte(QUOTE);
}
