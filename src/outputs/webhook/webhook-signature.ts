import { createHash, createHmac } from 'node:crypto';
import type { OutputMessage } from '../messages/output-message.js';

/**
 * Returns the headers that let a receiver check a request: `X-Certstream-Timestamp`, seconds since the epoch, and `X-Certstream-Signature`,
 * `sha256=` and the HMAC-SHA-256 of the timestamp, a full stop and the body in hexadecimal.
 * @param body as it is sent, after compression.
 */
export function signatureHeaders(secret: string, body: Buffer, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const digest = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
  return { 'x-certstream-timestamp': timestamp, 'x-certstream-signature': `sha256=${digest}` };
}

/**
 * Returns the value of `X-Certstream-Delivery`, 32 hexadecimal digits. Requests with the same value contain the same entries, and a request that
 * is repeated has the value of the first one. It is a hash of all ids: the first and the last alone could enclose other entries after a restart.
 */
export function deliveryId(messages: readonly OutputMessage[]): string {
  const hash = createHash('sha256');
  for (const { id } of messages) hash.update(`${id}\n`);
  return hash.digest('hex').slice(0, 32);
}
