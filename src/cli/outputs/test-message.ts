import { CertificateBatch } from '../../certificate/certificate-batch.js';
import { CertificateRenderer } from '../../certificate/certificate-renderer.js';
import { decodeGetEntriesPage } from '../../ct-log/client/rfc6962/get-entries-page.js';
import { locateEntries } from '../../ct-log/client/rfc6962/merkle-tree-leaf.js';
import { MessageSelection, type SelectionSettings } from '../../outputs/messages/message-selection.js';
import type { OutputMessage } from '../../outputs/messages/output-message.js';
import { SubmissionContent } from '../../simulator/log/entry-content.js';
import { CertificateIssuer } from '../../simulator/pki/certificate-issuer.js';

/** The log of test messages. The domain `.invalid` never exists (RFC 6761, 6.4), so consumers can tell them from real ones. */
const TEST_LOG = {
  name: 'certstream-server outputs test',
  url: 'https://outputs-test.invalid',
  operator: 'certstream-server outputs test',
  type: 'rfc6962',
} as const;

/**
 * Returns a message in the form that an output has, with a certificate that no CA issued. Its index is the time, so that no system
 * takes it for a repetition of an earlier test.
 */
export async function testMessage(settings: SelectionSettings): Promise<OutputMessage> {
  const issuer = await CertificateIssuer.create({ seed: Date.now() % 1_000_000 });
  const parts = [Buffer.from('{"entries":[')];
  const now = Date.now();
  SubmissionContent.of(issuer.issue('dv').certificate, false).json(now, now, parts);
  const page = decodeGetEntriesPage(Buffer.concat([...parts, Buffer.from(']}')]));
  const entries = locateEntries(page).build({
    source: TEST_LOG,
    firstIndex: now,
    bytes: page.bytes,
    seen: now,
  });
  const batch = new CertificateBatch(entries, new CertificateRenderer());
  // The certificate need not match the filter of the output.
  const selection = new MessageSelection({ ...settings, filter: {}, unique: false }, 1);
  const [message] = await selection.messagesOf({ seq: 1, kind: 'next', batch });
  return message;
}
