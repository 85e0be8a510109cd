import { createPublicKey } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';

import { readBoundedFileSync } from '../kernel/bounded-file.js';
import type { ConfigDraft, ConfigPath } from './config-draft.js';
import { shownValue } from './shown-value.js';

/** Size of the largest PEM file that is read. */
const MAX_PEM_BYTES = 1024 * 1024;

interface TlsFiles {
  readonly cert_path: string;
  readonly cert_key_path: string;
}

/** Checks that certificate and key are both given or both absent, readable, PEM, and belong together. */
export function checkTlsFiles(files: TlsFiles, section: ConfigPath, draft: ConfigDraft): void {
  const cert = { name: 'cert_path', file: files.cert_path, path: [...section, 'cert_path'] };
  const key = { name: 'cert_key_path', file: files.cert_key_path, path: [...section, 'cert_key_path'] };
  if (cert.file === '' && key.file === '') return;
  for (const [given, missing] of [
    [cert, key],
    [key, cert],
  ] as const) {
    if (missing.file === '') {
      if (!draft.hasProblemAt(missing.path))
        draft.problem(given.path, `needs ${missing.name} as well; TLS needs both`);
      return;
    }
  }
  const certPem = readPem(cert, draft);
  const keyPem = readPem(key, draft);
  if (certPem === undefined || keyPem === undefined) return;
  if (!isUsable(() => createSecureContext({ cert: certPem }))) {
    draft.problem(cert.path, `${shownValue(cert.file)} contains no PEM certificate`);
  } else if (!isUsable(() => createSecureContext({ key: keyPem }))) {
    draft.problem(key.path, `${shownValue(key.file)} contains no PEM private key without passphrase`);
  } else if (!isUsable(() => createSecureContext({ cert: certPem, key: keyPem }))) {
    draft.problem(key.path, `${shownValue(key.file)} is not the key of ${section.join('.')}.cert_path`);
  }
}

interface NamedFile {
  readonly name: string;
  readonly file: string;
  readonly path: ConfigPath;
}

export function checkPublicKeyFile(file: string, path: ConfigPath, draft: ConfigDraft): void {
  const pem = readPem({ name: 'public_key_path', file, path }, draft);
  if (pem === undefined) return;
  if (!isUsable(() => createPublicKey(pem)))
    return draft.problem(path, `${shownValue(file)} contains no PEM public key`);
  const type = createPublicKey(pem).asymmetricKeyType ?? 'unknown';
  if (type !== 'rsa' && type !== 'ec')
    draft.problem(
      path,
      `${shownValue(file)} contains a key for ${type}; log lists are signed with RSA or ECDSA`,
    );
}

/** Checks the folder of a file. A missing folder is only a warning: it may exist where the server will run. */
export function checkDirectoryOf(file: string, path: ConfigPath, draft: ConfigDraft): void {
  if (kindOf(file) === 'folder') draft.problem(path, `${shownValue(file)} is a folder; name a file`);
  else if (!isBelowFile(dirname(file), path, draft) && kindOf(dirname(file)) === undefined) {
    draft.warn(path, `the folder ${shownValue(dirname(file))} does not exist`);
  }
}

/** Checks a file whose folder the server creates, with its parents. */
export function checkNewFile(file: string, path: ConfigPath, draft: ConfigDraft): void {
  if (kindOf(file) === 'folder') draft.problem(path, `${shownValue(file)} is a folder; name a file`);
  else isBelowFile(dirname(file), path, draft);
}

/** Checks a folder that the server creates, with its parents, when it needs it: none of these paths may be a file. */
export function checkNewFolder(folder: string, path: ConfigPath, draft: ConfigDraft): void {
  isBelowFile(folder, path, draft);
}

function isBelowFile(folder: string, path: ConfigPath, draft: ConfigDraft): boolean {
  let nearest = resolve(folder);
  while (kindOf(nearest) === undefined && dirname(nearest) !== nearest) nearest = dirname(nearest);
  if (kindOf(nearest) !== 'file') return false;
  draft.problem(path, `${shownValue(nearest)} is not a folder; name another one`);
  return true;
}

function kindOf(path: string): 'folder' | 'file' | undefined {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}

function readPem({ file, path }: NamedFile, draft: ConfigDraft): Buffer | undefined {
  try {
    return readBoundedFileSync(file, MAX_PEM_BYTES);
  } catch (error) {
    draft.problem(path, `cannot read ${shownValue(file)}: ${reasonOf(error)}`);
    return undefined;
  }
}

function isUsable(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
};

/** Describes why a file operation failed. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}
