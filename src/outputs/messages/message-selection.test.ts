import { describe, expect, it } from 'vitest';
import { CertificateBatch } from '../../certificate/certificate-batch.js';
import { CertificateRenderer } from '../../certificate/certificate-renderer.js';
import { certificate, integer, name, subjectAltName } from '../../certificate/testing/der-builder.js';
import { batchOf } from '../../certificate/testing/log-entries.js';
import type { OutputRecord } from '../certificate-output.js';
import { MessageSelection, type SelectionSettings } from './message-selection.js';

const renderer = new CertificateRenderer();
const ALL: SelectionSettings = { stream: 'domains', format: 'go', enrich: false, unique: false, filter: {} };

/** A record whose certificates have these serial numbers and the names `<serial>.example.com`. */
function record(serials: readonly number[], seq: number, kind: OutputRecord['kind'] = 'next'): OutputRecord {
  const entries = serials.map((serial) => ({
    timestamp: 0,
    submitted: CERTIFICATES[serial],
    chain: Buffer.alloc(0),
  }));
  return { seq, kind, batch: new CertificateBatch(batchOf(entries), renderer, { seq, offset: 0 }) };
}

const CERTIFICATES = Array.from({ length: 100 }, (_, serial) =>
  certificate({
    serial: integer((serial + 1).toString(16).padStart(4, '0')),
    extensions: [subjectAltName([0x82, `c${serial}.example.com`])],
  }),
);

async function textsOf(selection: MessageSelection, ...records: OutputRecord[]): Promise<string[]> {
  const texts: string[] = [];
  for (const each of records)
    for (const { text } of await selection.messagesOf(each))
      texts.push((JSON.parse(text.toString()) as { data: string[] }).data[0].split('.')[0]);
  return texts;
}

describe(MessageSelection.name, () => {
  it('writes the messages of all entries in order', async () => {
    const selection = new MessageSelection(ALL, 1);
    expect(await textsOf(selection, record([3, 1, 2], 1), record([1], 2))).toEqual(['c3', 'c1', 'c2', 'c1']);
  });

  it.each(['lite', 'full'] as const)(
    'writes %s messages alike for one entry and for the whole batch',
    async (stream) => {
      const serials = Array.from({ length: 50 }, (_, i) => i);
      const all = await new MessageSelection({ ...ALL, stream }, 1).messagesOf(record(serials, 1));
      const filter = { domain: ['c7.example.com'] };
      const one = await new MessageSelection({ ...ALL, stream, filter }, 1).messagesOf(record(serials, 1));
      expect(one.map(({ text }) => text.toString())).toEqual([all[7].text.toString()]);
      expect(one[0].index).toBe(all[7].index);
    },
  );

  it('chooses the entries that the filter matches', async () => {
    const selection = new MessageSelection(
      { ...ALL, filter: { domain: ['c2.example.com', 'c5.example.com'] } },
      1,
    );
    expect(await textsOf(selection, record([1, 2, 3], 1), record([4], 2), record([5, 2], 3))).toEqual([
      'c2',
      'c5',
      'c2',
    ]);
  });

  it('chooses each certificate once with unique, within a record and across records', async () => {
    const selection = new MessageSelection({ ...ALL, unique: true }, 1);
    const records = [
      record([1, 2, 1], 7),
      record([2, 3], 8),
      record([1], 9, 'again'),
      record([4, 4], 10, 'late'),
    ];
    expect(await textsOf(selection, ...records)).toEqual(['c1', 'c2', 'c3', 'c4']);
  });

  it('chooses an entry with a parse_error again with unique', async () => {
    // The text of this name is more than eight times as large as the certificate.
    const submitted = certificate({ subject: name(['CN', '\u0001'.repeat(4000)]) });
    const selection = new MessageSelection({ ...ALL, unique: true }, 1);
    for (const seq of [1, 2]) {
      const entries = batchOf([{ timestamp: 0, submitted, chain: Buffer.alloc(0) }]);
      const batch = new CertificateBatch(entries, renderer, { seq, offset: 0 });
      expect(await selection.messagesOf({ seq, kind: 'next', batch })).toHaveLength(1);
    }
  });

  it('counts for unique only what the filter matches', async () => {
    const selection = new MessageSelection(
      { ...ALL, unique: true, filter: { domain: ['c1.example.com'] } },
      1,
    );
    expect(await textsOf(selection, record([1, 2], 1), record([1, 2], 2))).toEqual(['c1']);
  });

  it('returns the same messages when a delivery is repeated, also with unique', async () => {
    const selection = new MessageSelection({ ...ALL, unique: true }, 1);
    const [first, second] = [record([1, 2], 1), record([2, 3], 2)];
    const messages = [await selection.messagesOf(first), await selection.messagesOf(second)];
    expect(await selection.messagesOf(first)).toBe(messages[0]);
    expect(await selection.messagesOf(second)).toBe(messages[1]);
  });

  it('returns them again for records that are read from the journal a second time', async () => {
    const selection = new MessageSelection({ ...ALL, unique: true }, 1);
    const read = () => [record([1, 2], 1), record([2, 3], 2)];
    expect(await textsOf(selection, ...read())).toEqual(['c1', 'c2', 'c3']);
    expect(await textsOf(selection, ...read())).toEqual(['c1', 'c2', 'c3']);
  });
});

describe('an output message', () => {
  it('has an id of log and index, and of the record if an entry is published again', async () => {
    const selection = new MessageSelection(ALL, 1);
    const [next] = await selection.messagesOf(record([1], 5));
    const [again] = await selection.messagesOf(record([1], 6, 'again'));
    expect(again.id).toBe(`${next.id}:6`);
    expect(next.id).toBe(`${next.log}:${next.index}`);
    expect(next.domain()).toBe('c1.example.com');
    expect(next.sha256()).toMatch(/^[0-9a-f]{64}$/);
  });
});
