import { describe, expect, it } from 'vitest';
import type { LogSource } from '../../certificate/entry-batch.js';
import { logToken, nameToken, NatsSubjects, subjectCovers } from './nats-subjects.js';

const ARGON: LogSource = {
  name: "Google 'Argon2026h1' log",
  url: 'https://ct.googleapis.com/logs/us1/argon2026h1',
  operator: 'Google',
  type: 'rfc6962',
  logId: 'DleUvPOuqT4zGyyZB7P3kN+bwj1xMiXdIaklrGHFTiE=',
};

const settings = { subject_prefix: 'certstream', stream: 'lite' } as const;

describe(NatsSubjects, () => {
  it('writes <prefix>.<stream>.<LogID in base64url>', () => {
    const subjects = new NatsSubjects({ ...settings, subject: 'log_id' });
    expect(subjects.of(ARGON)).toBe('certstream.lite.DleUvPOuqT4zGyyZB7P3kN-bwj1xMiXdIaklrGHFTiE');
    expect(subjects.pattern).toBe('certstream.lite.*');
    expect(subjects.everything).toBe('certstream.>');
  });

  it('writes <prefix>.<operator>.<log> as certstream-server-rust', () => {
    const subjects = new NatsSubjects({ ...settings, subject: 'rust', subject_prefix: 'ct.live' });
    expect(subjects.of(ARGON)).toBe('ct.live.google.google-argon2026h1-log');
    expect(subjects.pattern).toBe('ct.live.*.*');
    expect(subjectCovers(subjects.pattern, subjects.of(ARGON))).toBe(true);
  });
});

describe(logToken, () => {
  it.each([
    ['https://ct.example.com/2026h1', 'ct_example_com_2026h1'],
    ['http://[::1]:8080/a.b*c>d', '___1__8080_a_b_c_d'],
    ['https://ct.example.com/log-1_a', 'ct_example_com_log-1_a'],
  ])('writes the URL of a log without key: %s', (url, token) => {
    expect(logToken({ url })).toBe(token);
  });
});

describe(nameToken, () => {
  it.each([
    ["Let's Encrypt", 'let-s-encrypt'],
    ["Sectigo 'Elephant2026h1'", 'sectigo-elephant2026h1'],
    ['TrustAsia  Log2026a (tiled)', 'trustasia-log2026a-tiled'],
    ['a.b*c>d', 'a-b-c-d'],
    ['Zürich', 'z-rich'],
    ['_', 'unknown'],
    ['', 'unknown'],
  ])('%s becomes %s', (name, token) => {
    expect(nameToken(name)).toBe(token);
  });
});

describe(subjectCovers, () => {
  it.each([
    ['certstream.>', 'certstream.lite.*', true],
    ['>', 'certstream.lite.*', true],
    ['*.*.*', 'certstream.lite.*', true],
    ['certstream.lite.*', 'certstream.lite.*', true],
    ['certstream.*.>', 'certstream.*.*', true],
    ['certstream.lite.abc', 'certstream.lite.*', false],
    ['certstream.full.*', 'certstream.lite.*', false],
    ['certstream.lite.*', 'certstream.*.*', false],
    ['certstream.lite', 'certstream.lite.*', false],
    ['certstream.lite.*.>', 'certstream.lite.*', false],
    ['certstream.*', 'certstream.>', false],
  ])('%s covers %s: %s', (subject, pattern, covers) => {
    expect(subjectCovers(subject, pattern)).toBe(covers);
  });
});
