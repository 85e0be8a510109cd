import { CertificateBatch } from '../../src/certificate/certificate-batch.js';
import { CertificateRenderer } from '../../src/certificate/certificate-renderer.js';
import { OutputMessage } from '../../src/outputs/messages/output-message.js';
import { fakeEntries } from './fake-ct-log.js';

const renderer = new CertificateRenderer();

/** Returns messages of one record for an engine: entries from `start` on, with the given texts. */
export function messagesOf(texts: readonly string[], start = 0): OutputMessage[] {
  const batch = new CertificateBatch(fakeEntries(start, texts.length), renderer, { seq: start, offset: 0 });
  const record = { seq: start, kind: 'next', batch } as const;
  return texts.map((text, i) => OutputMessage.of(Buffer.from(text), 'lite', record, i));
}

/** Returns messages `{"index":<start>}` and so on. */
export function numberedMessages(start: number, count: number): OutputMessage[] {
  const texts = Array.from({ length: count }, (_, i) => `{"index":${start + i}}`);
  return messagesOf(texts, start);
}
