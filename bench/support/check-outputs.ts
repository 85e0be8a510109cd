import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CertificateBatch } from '../../src/certificate/certificate-batch.js';
import type { CertificateUpdate, DnsEntries } from '../../src/certificate/certificate-message.js';
import { CertificateRenderer } from '../../src/certificate/certificate-renderer.js';
import type { EntryBatch } from '../../src/certificate/entry-batch.js';
import type { StreamKind } from '../../src/certificate/rendered-texts.js';
import type { CertificateStages } from './certificate-stages.js';

interface GoldenInput {
  readonly kind?: string;
  readonly log_name: string;
  readonly log_url: string;
  readonly operator?: string;
  readonly cert_index: number;
  readonly seen?: number;
  readonly leaf_input?: string;
  readonly extra_data?: string;
}

/**
 * Compares rendered texts with the golden texts next to the corpus.
 * @returns the number of compared entries.
 * @throws Error if a text differs.
 */
export function checkGolden(stages: CertificateStages, corpus: string | undefined): number {
  const folder = corpus === undefined ? '' : join(dirname(corpus), 'golden');
  if (!existsSync(folder)) return 0;
  let compared = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.input.json'))) {
    const input = JSON.parse(readFileSync(join(folder, file), 'utf8')) as GoldenInput;
    if (input.leaf_input === undefined) continue;
    const page = JSON.stringify({
      entries: [{ leaf_input: input.leaf_input, extra_data: input.extra_data ?? '' }],
    });
    const located = stages.decodePage(Buffer.from(page), input.cert_index);
    const source = {
      name: input.log_name,
      url: input.log_url.replace(/\/+$/, ''),
      operator: input.operator ?? 'Op',
      type: 'rfc6962' as const,
    };
    const entries = { ...located, source, seen: (input.seen ?? 1763795400.123) * 1000 };
    const batch = new CertificateBatch(entries, new CertificateRenderer());
    for (const kind of ['lite', 'full', 'domains'] as const) {
      const expected = readFileSync(join(folder, file.replace('.input.', `.${kind}.`)));
      if (!batch.text(kind, 0).equals(expected)) throw new Error(`${file}: the ${kind} text is wrong`);
    }
    compared++;
  }
  return compared;
}

/** Compares every text of a batch with the fields that node:crypto reads from the same DER. @throws Error if they differ. */
export function checkAgainstNode(entries: EntryBatch, stages: CertificateStages): void {
  const batch = stages.allTexts(entries);
  for (let i = 0; i < batch.count; i++) {
    const full = JSON.parse(text(batch, 'full', i)) as CertificateUpdate;
    const lite = JSON.parse(text(batch, 'lite', i)) as CertificateUpdate;
    const domains = JSON.parse(text(batch, 'domains', i)) as DnsEntries;
    const { der } = batch.entry(i);
    const certificate = new X509Certificate(der);
    const { chain: _chain, ...data } = full.data;
    const { as_der: asDer, ...leafCert } = data.leaf_cert;
    const pairs: [string, unknown, unknown][] = [
      ['lite is full without chain and DER', { ...data, leaf_cert: leafCert }, lite.data],
      ['DER', asDer, der.toString('base64')],
      ['domains', domains.data, leafCert.all_domains],
      ['index', full.data.cert_index, entries.firstIndex + i],
      ['SHA-256', leafCert.sha256.replaceAll(':', ''), hash('sha256', der)],
      ['SHA-1', leafCert.sha1.replaceAll(':', ''), hash('sha1', der)],
      ['serial number', leafCert.serial_number, certificate.serialNumber],
      ['validity', leafCert.not_after, Date.parse(certificate.validTo) / 1000],
      ['names', dnsNames(leafCert.extensions.subjectAltName), dnsNames(certificate.subjectAltName)],
      [
        'all_domains',
        dnsNames(certificate.subjectAltName).every((name) => domains.data.includes(name)),
        true,
      ],
    ];
    for (const [what, ours, theirs] of pairs) {
      if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
        throw new Error(`entry ${i}, ${what}: ${JSON.stringify(ours)} instead of ${JSON.stringify(theirs)}`);
      }
    }
  }
}

function text(batch: CertificateBatch, kind: StreamKind, i: number): string {
  const { buffer, textStart, frameStart } = batch.texts(kind);
  return buffer.toString('utf8', textStart[i], frameStart[i + 1]);
}

function hash(algorithm: string, der: Buffer): string {
  return createHash(algorithm).update(der).digest('hex').toUpperCase();
}

function dnsNames(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice(4));
}
