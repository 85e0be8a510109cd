import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readBoundedFileSync } from '../../kernel/bounded-file.js';
import { messageOf } from '../../kernel/certstream-error.js';
import { GOOGLE_LOG_LIST_KEY } from './google-log-list-key.js';
import { LogListError } from './log-list-error.js';

const MAX_KEY_BYTES = 1024 * 1024;

/** Reads the public key at `path`; an empty path means Google's key. @throws LogListError (`CT_LOG_LIST_KEY`) */
export function readLogListKey(path: string): KeyObject {
  try {
    return createPublicKey(path === '' ? GOOGLE_LOG_LIST_KEY : readBoundedFileSync(path, MAX_KEY_BYTES));
  } catch (error) {
    const reason = messageOf(error);
    throw new LogListError('CT_LOG_LIST_KEY', `${path} is not a public key: ${reason}`, { cause: error });
  }
}

/**
 * Checks the detached signature of a list: SHA-256 with RSA PKCS#1 v1.5 or, for a configured EC key, with ECDSA.
 * @throws LogListError (`CT_LOG_LIST_SIGNATURE`)
 */
export function verifyLogList(list: Buffer, signature: Buffer, key: KeyObject): void {
  if (!verify('sha256', list, key, signature)) {
    throw new LogListError('CT_LOG_LIST_SIGNATURE', 'the signature of the log list is wrong');
  }
}
