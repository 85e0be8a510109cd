import type { CertificateEntry } from '../certificate/certificate-entry.js';
import { certificatePem, certificateText } from '../certificate/readable-certificate.js';
import { CertstreamError, messageOf } from '../kernel/certstream-error.js';
import { printable, printableJson } from '../logging/printable.js';

/** Parts that `pick` prints in addition to the certificate. */
export interface PickedParts {
  readonly chain: boolean;
  readonly asder: boolean;
}

/** `CERTIFICATE_UNREADABLE`: the entry has no certificate that can be printed in the requested form. */
class UnreadableCertificateError extends CertstreamError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CERTIFICATE_UNREADABLE', message, options);
  }
}

/** Formats an entry like a message of the full stream. The chain and the DER are included only on request. */
export function pickedJson(entry: CertificateEntry, { chain, asder }: PickedParts): string {
  const message = entry.full();
  const { data } = message;
  if (!asder) for (const certificate of [data.leaf_cert, ...(data.chain ?? [])]) delete certificate.as_der;
  if (!chain) delete data.chain;
  return JSON.stringify(message, undefined, 2).split('\n').map(printableJson).join('\n');
}

/**
 * Formats the submitted certificate or precertificate, with its chain on request, as PEM (RFC 7468).
 * @throws UnreadableCertificateError when the entry has no certificate.
 */
export function pickedPem(entry: CertificateEntry, { chain }: Pick<PickedParts, 'chain'>): string {
  return certificatesOf(entry, chain).map(certificatePem).join('\n');
}

/**
 * Formats the same certificates as readable text, including the fields that the JSON leaves out.
 * @throws UnreadableCertificateError
 */
export async function pickedText(
  entry: CertificateEntry,
  { chain }: Pick<PickedParts, 'chain'>,
): Promise<string> {
  const texts: string[] = [];
  for (const der of certificatesOf(entry, chain)) texts.push(await textOf(der, texts.length));
  return texts.join('\n');
}

function certificatesOf(entry: CertificateEntry, withChain: boolean): Buffer[] {
  if (entry.der.length === 0) {
    throw new UnreadableCertificateError(`entry ${entry.index} holds no certificate`);
  }
  const chain = withChain ? (entry.full().data.chain ?? []) : [];
  return [entry.der, ...chain.map(({ as_der }) => Buffer.from(as_der ?? '', 'base64'))];
}

/** @param position place of the certificate in the chain; 0 for the certificate of the entry itself. */
async function textOf(der: Buffer, position: number): Promise<string> {
  try {
    return (await certificateText(der)).split('\n').map(printableLine).join('\n');
  } catch (error) {
    const which = position === 0 ? 'the certificate' : `certificate ${position} of the chain`;
    const reason = messageOf(error);
    throw new UnreadableCertificateError(
      `${which} is too malformed for --text (${reason}); use --pem or JSON, which work with any certificate`,
      { cause: error },
    );
  }
}

function printableLine(line: string): string {
  return printable(line, Infinity);
}
