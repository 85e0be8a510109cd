import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readBoundedFile } from '../kernel/bounded-file.js';
import { messageOf } from '../kernel/certstream-error.js';
import type { MissingFile } from './secret-files.js';

const MAX_PEM_BYTES = 4 * 1024 * 1024;

export interface TlsSettings {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly server_name: string;
}

/** A part of the options of `node:tls`. Absent values are left out. */
export interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
}

/**
 * Reads the files of a `tls` mapping. They are read for each connection, so renewed certificates need no restart.
 * @param unusable makes the error that is thrown if a file cannot be used.
 * @returns undefined without the mapping.
 */
export async function readTlsOptions(
  settings: TlsSettings | undefined,
  unusable: MissingFile,
): Promise<TlsOptions | undefined> {
  if (settings === undefined) return undefined;
  const read = async (name: 'ca' | 'cert' | 'key'): Promise<Partial<Record<typeof name, Buffer>>> => {
    if (settings[name] === '') return {};
    try {
      return { [name]: await readBoundedFile(settings[name], MAX_PEM_BYTES) };
    } catch (cause) {
      throw unusable(`${settings[name]} of tls.${name} cannot be read: ${messageOf(cause)}`, cause);
    }
  };
  const [ca, cert, key] = await Promise.all([read('ca'), read('cert'), read('key')]);
  const files = { ...ca, ...cert, ...key };
  try {
    createSecureContext(files);
    if (ca.ca !== undefined) requireCertificate(ca.ca);
  } catch (cause) {
    throw unusable(
      `the files of tls are no PEM certificates, or the key is not that of the certificate: ${messageOf(cause)}`,
      cause,
    );
  }
  return { ...files, ...(settings.server_name !== '' && { servername: settings.server_name }) };
}

/** createSecureContext ignores a text that is no certificate. */
function requireCertificate(pem: Buffer): X509Certificate {
  return new X509Certificate(pem);
}
