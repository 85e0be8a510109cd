import type { CertificateBatch } from '../../certificate/certificate-batch.js';
import { OutputMessage } from '../messages/output-message.js';

const SOURCE = {
  name: 'A log',
  url: 'https://log.example.net',
  operator: 'Op',
  type: 'rfc6962',
  logId: 'bG9nIGlk',
} as const;

/** Returns messages with the given texts and increasing indices. */
export function messagesOf(texts: readonly string[], firstIndex = 0): OutputMessage[] {
  const batch = { source: SOURCE, firstIndex, seen: 1_700_000_000_000 } as CertificateBatch;
  return texts.map(
    (text, i) => new OutputMessage(Buffer.from(text), 'lite', { seq: 1, kind: 'next', batch }, i),
  );
}

/** Returns `count` messages whose texts contain their indices and end with a line feed, as those of the streams do. */
export function numberedMessages(count: number, firstIndex = 0): OutputMessage[] {
  return messagesOf(
    Array.from({ length: count }, (_, i) => `{"index":${firstIndex + i}}\n`),
    firstIndex,
  );
}
