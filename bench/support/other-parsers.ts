import { X509Certificate } from 'node:crypto';
import { ENTRY_COLUMNS, EntryColumn, type EntryBatch } from '../../src/certificate/entry-batch.js';
import type { Stage } from './interleaved-rounds.js';

/** Returns stages in which node:crypto reads only the leaf, without chain and JSON. */
export function nodeStages(located: readonly EntryBatch[]): Stage[] {
  const leaves = new Window(located.flatMap(submittedCertificates), 256);
  return [
    { name: 'node:crypto, getters', run: () => leaves.each((der) => readGetters(new X509Certificate(der))) },
    {
      name: 'node:crypto, every getter',
      run: () => leaves.each((der) => readAllGetters(new X509Certificate(der))),
    },
  ];
}

/** Returns a stage in which @peculiar/x509 reads the leaf. Its allocations disturb other stages of the same rounds. */
export async function peculiarStage(located: readonly EntryBatch[]): Promise<Stage> {
  await import('reflect-metadata');
  const { X509Certificate: PeculiarCertificate } = await import('@peculiar/x509');
  const leaves = new Window(located.flatMap(submittedCertificates), 24);
  const read = (der: Buffer): unknown[] => {
    const certificate = new PeculiarCertificate(new Uint8Array(der));
    return [
      certificate.serialNumber,
      certificate.subject,
      certificate.issuer,
      certificate.notBefore,
      certificate.notAfter,
      certificate.extensions.length,
    ];
  };
  return { name: '@peculiar/x509', run: () => leaves.each(read) };
}

/** Reads the getters whose values appear in the messages of this server; not `publicKey`, `issuerCertificate` and others. */
function readGetters(certificate: X509Certificate): unknown[] {
  return [
    certificate.subject,
    certificate.issuer,
    certificate.subjectAltName,
    certificate.infoAccess,
    certificate.validFrom,
    certificate.validTo,
    certificate.fingerprint,
    certificate.fingerprint256,
    certificate.serialNumber,
    certificate.keyUsage,
    certificate.ca,
    certificate.raw,
  ];
}

const ALL_GETTERS = Object.entries(Object.getOwnPropertyDescriptors(X509Certificate.prototype))
  .filter(([, descriptor]) => 'get' in descriptor)
  .map(([name]) => name as keyof X509Certificate);

function readAllGetters(certificate: X509Certificate): unknown[] {
  return ALL_GETTERS.map((name) => certificate[name]);
}

function submittedCertificates({ bytes, table, count }: EntryBatch): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const row = i * ENTRY_COLUMNS;
    return bytes.subarray(table[row + EntryColumn.SubmittedStart], table[row + EntryColumn.SubmittedEnd]);
  });
}

/** Cycles through a list, a few items per round. */
class Window {
  private at = 0;

  constructor(
    private readonly items: readonly Buffer[],
    private readonly size: number,
  ) {}

  each(work: (item: Buffer) => unknown): number {
    for (let i = 0; i < this.size; i++) work(this.items[this.at++ % this.items.length]);
    return this.size;
  }
}
