import type { RecordKind } from '../../certificate/entry-batch.js';
import { createServerCertificate } from '../../simulator/server-certificate.js';
import { batchOf, type BatchOptions, submissionOf } from '../../testing/submissions.js';
import { OutputMessage } from '../messages/output-message.js';

export interface MessageOptions extends BatchOptions {
  /** Number of the record in the journal. Default: 1. */
  readonly seq?: number;
  readonly kind?: RecordKind;
}

/** Returns the lite messages of consecutive entries, one for each list of names. */
export function messagesOf(
  names: readonly (readonly string[])[],
  { seq = 1, kind = 'next', ...options }: MessageOptions = {},
): OutputMessage[] {
  const batch = batchOf(
    names.map((hosts) => submissionOf(createServerCertificate(hosts).certPem)),
    options,
  );
  return names.map((_, i) =>
    OutputMessage.of(batch.text('lite', i, 'go', false), 'lite', { seq, kind, batch }, i),
  );
}
