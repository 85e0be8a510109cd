import { RequestError, type Server } from '../server/server.js';
import type { CertificateRow } from './certificate-row.js';
import { type CertificateUpdate, readCertificate } from './stream-message.js';

/** A certificate as the dialog shows it. */
export interface WholeCertificate {
  readonly update: CertificateUpdate | undefined;
  /** DER as base64; undefined without the full entry. */
  readonly der: string | undefined;
  /** Why the full entry is not there; empty if it is, or while it is requested. */
  readonly problem: string;
  readonly isComplete: boolean;
}

/** Returns what the list already has, for the time until the full entry is there. */
export function knownPart(row: CertificateRow): WholeCertificate {
  const update = row.text === undefined ? undefined : readCertificate(row.text);
  return { update, der: undefined, problem: '', isComplete: false };
}

/** Requests the entry with DER and chain, from the server's journal or from the log. */
export async function loadWhole(
  server: Server,
  row: CertificateRow,
  signal: AbortSignal,
): Promise<WholeCertificate> {
  const known = knownPart(row);
  if (!server.config.api)
    return {
      ...known,
      problem: 'DER and chain are not shown, because this server has its API switched off.',
      isComplete: true,
    };
  try {
    const path = `/api/entries/${encodeURIComponent(row.logId)}/${row.index}?format=full`;
    const text = await (await server.get(path, signal)).text();
    const full = readCertificate(text);
    const der = full?.data.leaf_cert.as_der;
    if (full === undefined)
      return { ...known, problem: 'The server sent an answer that is no certificate.', isComplete: true };
    // The entry alone has no enrichment, and no verification.
    const { log_id, verification, seen, leaf_cert } = known.update?.data ?? full.data;
    const { key_type, validation_type } = leaf_cert;
    const update = {
      data: {
        ...full.data,
        log_id,
        verification,
        seen,
        leaf_cert: { ...full.data.leaf_cert, key_type, validation_type },
      },
    };
    return { update, der: der === '' ? undefined : der, problem: '', isComplete: true };
  } catch (error) {
    const problem = error instanceof RequestError ? error.message : 'The server does not answer.';
    return { ...known, problem: `DER and chain are not shown: ${problem}`, isComplete: true };
  }
}

const PEM_LINE = /.{1,64}/g;

/** Returns the PEM text (RFC 7468) of a DER in base64. */
export function pemOf(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${(base64.match(PEM_LINE) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** @param name name of the file, without characters that come from the certificate. */
export function saveFile(name: string, type: string, content: Uint8Array<ArrayBuffer> | string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  // The browser has taken the content after this turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function octetsOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
