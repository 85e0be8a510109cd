import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GOOGLE_LOG_LIST_KEY } from './google-log-list-key.js';
import { LogListError } from './log-list-error.js';

/** The key of `log_list.public_key_path`, or Google's. @throws LogListError (`CT_LOG_LIST_KEY`) */
export function readLogListKey(path: string): KeyObject {
  try {
    return createPublicKey(path === '' ? GOOGLE_LOG_LIST_KEY : readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LogListError('CT_LOG_LIST_KEY', `${path}: no public key: ${reason}`, { cause: error });
  }
}

/**
 * Checks the detached signature over the exact bytes of a list: SHA-256 with RSA PKCS#1 v1.5, or with ECDSA for a
 * key of one's own. @throws LogListError (`CT_LOG_LIST_SIGNATURE`)
 */
export function verifyLogList(list: Buffer, signature: Buffer, key: KeyObject): void {
  if (!verify('sha256', list, key, signature)) {
    throw new LogListError('CT_LOG_LIST_SIGNATURE', 'the signature of the log list is wrong');
  }
}
