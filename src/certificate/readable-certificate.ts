import { readX509 } from './x509.js';

/** Line length of PEM (RFC 7468, 2). */
const PEM_LINE = /.{1,64}/g;

/** Returns a certificate as PEM (RFC 7468), without a line feed at the end. */
export function certificatePem(der: Buffer): string {
  const lines = der.toString('base64').match(PEM_LINE) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----'].join('\n');
}

/**
 * Returns all fields of a certificate as lines for people. Values may contain any characters. Rejects if `@peculiar/x509` cannot parse the
 * certificate.
 */
export async function certificateText(der: Buffer): Promise<string> {
  return (await readX509(der)).toString('text').trimEnd();
}
