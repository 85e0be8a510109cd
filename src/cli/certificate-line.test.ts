import { describe, expect, it } from 'vitest';

import type { CertificateUpdate, DnsEntries } from '../certificate/certificate-message.js';
import { certificateLine, isStreamMessage, type StreamMessage } from './certificate-line.js';

function update(names: string[], more: Record<string, unknown> = {}): CertificateUpdate {
  const leaf = {
    all_domains: names,
    subject: { CN: 'cn.example' },
    issuer: { O: "Let's Encrypt", CN: 'R11' },
  };
  const data = {
    leaf_cert: leaf,
    seen: 1_700_000_000.5,
    source: { name: "Google 'Argon2026h1'" },
    update_type: 'PrecertLogEntry',
    ...more,
  };
  return { message_type: 'certificate_update', data } as unknown as CertificateUpdate;
}

const plain = (message: StreamMessage, width?: number): string =>
  certificateLine(message, { colour: false, width }, 0);

describe('certificateLine', () => {
  it('shows time, type, names, issuer and log', () => {
    const line = plain(update(['a.example', 'b.example']));
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d {2}precert {2}a\.example b\.example +Let's Encrypt R11 +Google 'Argon2026h1'$/,
    );
  });

  it('counts the names that do not fit', () => {
    const names = Array.from({ length: 40 }, (_, i) => `host-${i}.example.com`);
    const line = plain(update(names), 120);
    const [, shown, more] = /precert {2}(.*?) \+(\d+) /.exec(line)!;
    expect(shown.split(' ')).toEqual(names.slice(0, 40 - Number(more)));
    expect(line.length).toBeLessThanOrEqual(120);
  });

  it.each([60, 80, 109, 110, 200])('fits into %d columns', (width) => {
    const names = Array.from({ length: 9 }, (_, i) => `host-${i}.example.com`);
    const issuer = { O: 'o'.repeat(99), CN: 'c'.repeat(99) };
    const message = update(names, {
      leaf_cert: { all_domains: names, issuer },
      source: { name: 'l'.repeat(99) },
    });
    expect(plain(message, width).length).toBeLessThanOrEqual(width);
  });

  it('cuts one long name', () => {
    expect(plain(update([`${'x'.repeat(300)}.example`, 'b.example']), 120)).toMatch(/x… \+1 /);
  });

  it('uses the common name of the subject without names', () => {
    expect(plain(update([]))).toContain('cn.example');
  });

  it.each(['\u001b[31mred', 'a\nb', 'a\rb', '\u202eevil', 'a\u2028b', '\u009b31m', '\u0000'])(
    'escapes the control characters of %j in every part',
    (text) => {
      const issuer = { O: text, CN: text };
      const message = update([text, text], {
        source: { name: text },
        leaf_cert: { all_domains: [text], subject: { CN: text }, issuer },
      });
      const lines = [plain(message), plain({ message_type: 'dns_entries', data: [text] })];
      for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    },
  );

  it('writes only its own escape sequences in colour', () => {
    const line = certificateLine(update(['\u001b[31m.example']), { colour: true }, 0);
    // oxlint-disable-next-line no-control-regex
    expect(line.replaceAll(/\u001b\[(0|1|2|36)m/g, '')).toBe(plain(update(['\u001b[31m.example'])));
  });

  it('shows names only for the domains-only stream', () => {
    const message: DnsEntries = { message_type: 'dns_entries', data: ['a.example', 'b.example'] };
    expect(plain(message)).toMatch(/^\d\d:\d\d:\d\d {2}a\.example b\.example$/);
  });

  it('accepts values of other types from other servers', () => {
    const leaf = { all_domains: [1, null, {}, 'a.example'] };
    expect(plain(update([], { leaf_cert: leaf, seen: 'x', source: null, update_type: 5 }))).toContain(
      'a.example',
    );
  });
});

describe('isStreamMessage', () => {
  it.each<[unknown, boolean]>([
    [update(['a.example']), true],
    [{ message_type: 'dns_entries', data: [] }, true],
    [{ message_type: 'heartbeat', timestamp: 1 }, false],
    [{ message_type: 'certificate_update', data: {} }, false],
    [{ message_type: 'certificate_update' }, false],
    [{ message_type: 'dns_entries', data: {} }, false],
    [null, false],
    ['text', false],
  ])('%j: %s', (json, is) => expect(isStreamMessage(json)).toBe(is));
});
