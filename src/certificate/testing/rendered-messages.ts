import { isUtf8 } from 'node:buffer';
import type { CertificateBatch, DialectName, StreamKind } from '../certificate-batch.js';
import type { CertificateUpdate, DnsEntries } from '../certificate-message.js';

export const DIALECTS: readonly DialectName[] = ['go', 'calidog'];
const KINDS: readonly StreamKind[] = ['domains', 'lite', 'full'];

/**
 * Renders every text of a batch in every dialect, plain and enriched, and parses it.
 * @returns the full messages of the default dialect.
 * @throws Error if a text is not UTF-8 or not JSON, or if the streams or the plain and the enriched texts disagree.
 */
export function parseAllTexts(batch: CertificateBatch): CertificateUpdate[] {
  const messages = Array.from({ length: batch.count }, (_, i) => parseTexts(batch, i, 'go'));
  for (let i = 0; i < batch.count; i++) parseTexts(batch, i, 'calidog');
  return messages;
}

function parseTexts(batch: CertificateBatch, i: number, dialect: DialectName): CertificateUpdate {
  const [domains, lite, full] = KINDS.map(
    (kind) => JSON.parse(textOf(batch, kind, i, dialect)) as unknown,
  ) as [DnsEntries, CertificateUpdate, CertificateUpdate];
  const names = JSON.stringify(domains.data);
  if (names !== JSON.stringify(lite.data.leaf_cert.all_domains)) throw new Error('domains and lite disagree');
  if (names !== JSON.stringify(full.data.leaf_cert.all_domains)) throw new Error('domains and full disagree');
  const { parse_error: parseError } = full.data;
  // Parse errors of the chain, which only the full message has.
  const isOfChain = parseError === 'missing_issuer' || parseError === 'oversized_chain';
  if (lite.data.parse_error !== (isOfChain ? undefined : parseError))
    throw new Error('lite and full disagree');
  for (const plain of [lite, full]) {
    const kind = plain === lite ? 'lite' : 'full';
    const enriched = JSON.parse(textOf(batch, kind, i, dialect, true)) as CertificateUpdate;
    if (JSON.stringify(withoutEnrichment(enriched)) !== JSON.stringify(plain))
      throw new Error(`the plain and the enriched ${kind} text disagree`);
  }
  return full;
}

/** Removes the fields of `enrich=1`. @throws Error if one is missing. */
function withoutEnrichment(message: CertificateUpdate): CertificateUpdate {
  const { data } = message;
  const leafCert: object = data.leaf_cert;
  for (const [object, keys] of [
    [leafCert, ['registrable_domains', 'key_type', 'validation_type']],
    [data, ['log_id', 'verification', 'cursor']],
  ] as const) {
    for (const key of keys) {
      if (!(key in object)) throw new Error(`an enriched text has no ${key}`);
      Reflect.deleteProperty(object, key);
    }
  }
  return message;
}

function textOf(
  batch: CertificateBatch,
  kind: StreamKind,
  i: number,
  dialect: DialectName,
  enrich = false,
): string {
  const { buffer, textStart, frameStart } = batch.texts(kind, dialect, enrich);
  const text = buffer.subarray(textStart[i], frameStart[i + 1]);
  if (!isUtf8(text)) throw new Error(`the ${kind} text of entry ${i} is not UTF-8`);
  return text.toString();
}
