import type { ServerResponse } from 'node:http';
import type { CertificateEntry } from '../certificate/certificate-entry.js';
import type { CertificateUpdate, LeafCert, LeafEnrichment } from '../certificate/certificate-message.js';
import type { DialectName } from '../certificate/dialects/dialect.js';
import { certificatePem, certificateText } from '../certificate/readable-certificate.js';
import { ApiError } from '../web/api-error.js';
import { sendJson, setApiHeaders } from '../web/json-response.js';

/** A larger certificate is not printed as text: the parser of the text takes long for it. */
const MAX_TEXT_DER = 64 * 1024;

/** Answer of `/api/cert/{hash}?format=json`. The first keys, up to `cert_link`, are those of certstream-server-rust. */
export interface CertificateDocument
  extends
    Omit<LeafCert, 'as_der' | keyof LeafEnrichment>,
    Pick<CertificateUpdate['data'], 'seen' | 'cert_index' | 'cert_link' | 'parse_error'> {
  /** Name of the log. */
  readonly source: string;
  readonly log: CertificateUpdate['data']['source'];
  readonly update_type: CertificateUpdate['data']['update_type'];
}

/** Returns the document of an entry with the values of a dialect. */
export function certificateDocument(entry: CertificateEntry, dialect: DialectName): CertificateDocument {
  const { leaf_cert: leaf, source: log, ...data } = entry.message(dialect).data;
  return { ...leaf, ...data, source: log.name, log };
}

/** Forms in which a certificate is sent. Other requests are for JSON. */
export type CertificateForm = 'pem' | 'der' | 'text';

/**
 * Sends the submitted certificate or precertificate.
 * @throws ApiError (`API_CERTIFICATE_UNREADABLE`) if the entry has none, or if it cannot be printed as text.
 */
export async function sendCertificate(
  response: ServerResponse,
  { der, index }: CertificateEntry,
  form: CertificateForm,
): Promise<void> {
  if (der.length === 0) throw unreadable(`entry ${index} has no certificate`);
  switch (form) {
    case 'der':
      return send(response, 'application/pkix-cert', der);
    case 'pem':
      return send(response, 'application/x-pem-file; charset=us-ascii', `${certificatePem(der)}\n`);
    case 'text':
      return send(response, 'text/plain; charset=utf-8', `${await textOf(der)}\n`);
  }
}

/** Sends a JSON text. */
export function sendDocument(response: ServerResponse, document: object | string): void {
  sendJson(response, 200, typeof document === 'string' ? document : JSON.stringify(document));
}

async function textOf(der: Buffer): Promise<string> {
  const hint = 'use ?format=der or ?format=pem, which work with every certificate';
  if (der.length > MAX_TEXT_DER)
    throw unreadable(`the certificate of ${der.length} octets is too large for text; ${hint}`);
  try {
    return await certificateText(der);
  } catch (cause) {
    throw unreadable(`the certificate is too malformed for text; ${hint}`, cause);
  }
}

function unreadable(message: string, cause?: unknown): ApiError {
  return new ApiError('API_CERTIFICATE_UNREADABLE', 422, message, {}, { cause });
}

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  setApiHeaders(response, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
