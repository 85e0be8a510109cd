import { describe, expect, it } from 'vitest';
import { certificateRow } from './certificate-row.js';

const NAME = { aggregated: '/CN=', CN: '', O: null };

function message(leaf: object, data: object = {}): string {
  return JSON.stringify({
    data: {
      cert_index: 7,
      leaf_cert: { all_domains: ['a.example'], issuer: { ...NAME, O: 'CA' }, subject: NAME, ...leaf },
      log_id: 'a+b/c=',
      seen: 1.5,
      source: { name: 'Log', url: 'https://log.example' },
      update_type: 'PrecertLogEntry',
      ...data,
    },
    message_type: 'certificate_update',
  });
}

describe(certificateRow, () => {
  it('has the figures of a message', () => {
    expect(certificateRow(message({}), 1, true)).toMatchObject({
      key: 1,
      seenMs: 1500,
      names: ['a.example'],
      nameCount: 1,
      issuer: 'CA',
      log: 'Log',
      kind: 'precertificate',
      isHit: true,
      logId: 'a-b_c=',
      index: 7,
    });
  });

  it('shows few names, short and without hidden characters', () => {
    const all_domains = [
      '\u202Eevil.example',
      'b'.repeat(1_000_000),
      '<img src=x>',
      ...Array(1000).fill('x.example'),
    ];
    const row = certificateRow(message({ all_domains }), 1, false);
    expect(row?.names).toEqual(['⟨U+202E⟩evil.example', `${'b'.repeat(120)}…`, '<img src=x>']);
    expect(row?.nameCount).toBe(1003);
    expect(row?.text).toBeUndefined();
  });

  it('shows the subject of a certificate without names', () => {
    expect(
      certificateRow(message({ all_domains: [], subject: { ...NAME, CN: 'Root' } }), 1, false)?.names,
    ).toEqual(['Root']);
    expect(certificateRow(message({ all_domains: [] }), 1, false)?.names).toEqual(['no name']);
  });

  it('names the log by its URL if the log has no key', () => {
    expect(certificateRow(message({}, { log_id: null }), 1, false)?.logId).toBe('https://log.example');
  });
});
