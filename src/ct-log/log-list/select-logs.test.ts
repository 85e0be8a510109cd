import { describe, expect, it } from 'vitest';
import { testKey } from '../../../test/support/ct-log-bytes.js';
import { configSchema } from '../../config/config-schema.js';
import { type CtLog, logIdOf } from '../client/ct-log.js';
import { configuredLogs, mergeLogs, withoutExcluded } from './select-logs.js';

const key = testKey().spki;

function log(url: string, operator = 'Op', extra: Partial<CtLog> = {}): CtLog {
  return {
    source: { name: `Log at ${url}`, url, operator, type: 'rfc6962', logId: logIdOf(key) },
    key,
    configured: false,
    ...extra,
  };
}

function general(fields: object) {
  return configSchema.parse({ general: fields }).general;
}

const urls = (logs: readonly CtLog[]) => logs.map(({ source }) => source.url);

describe('withoutExcluded', () => {
  const logs = [
    log('https://a.net/x', 'Google'),
    log('https://b.net', 'Sectigo'),
    log('https://mon.c.net', 'IPng', { submissionUrl: 'https://log.c.net' }),
  ];

  it.each([
    ['an operator in any case', { operator: 'GOOGLE' }, ['https://b.net', 'https://mon.c.net']],
    ['a URL in any form', { url: 'HTTPS://A.net/x/' }, ['https://b.net', 'https://mon.c.net']],
    ['a URL without scheme', { url: 'b.net' }, ['https://a.net/x', 'https://mon.c.net']],
    ['a submission URL', { url: 'https://log.c.net/' }, ['https://a.net/x', 'https://b.net']],
    ['unknown values: none is excluded', { operator: 'Goo', url: 'https://a.net' }, urls(logs)],
  ])('excludes logs by %s', (_what, excluded, expected) => {
    expect(urls(withoutExcluded(logs, general({ excluded_logs: [excluded] }).excluded_logs))).toEqual(
      expected,
    );
  });

  it('excludes no log by default', () => {
    expect(withoutExcluded(logs, general({}).excluded_logs)).toEqual(logs);
  });
});

describe('configuredLogs', () => {
  it('reads logs of both protocols', () => {
    const logs = configuredLogs(
      general({
        additional_logs: [
          { url: 'https://one.net/', operator: 'Me', description: 'One', key: key.toString('base64') },
        ],
        additional_tiled_logs: [{ url: 'https://mon.two.net', submission_url: 'https://log.two.net/' }],
      }),
    );
    expect(logs).toEqual([
      {
        source: { name: 'One', url: 'https://one.net', operator: 'Me', type: 'rfc6962', logId: logIdOf(key) },
        key,
        configured: true,
      },
      {
        source: { name: 'mon.two.net', url: 'https://mon.two.net', operator: 'Unknown', type: 'tiled' },
        submissionUrl: 'https://log.two.net',
        configured: true,
      },
    ]);
  });
});

describe('mergeLogs', () => {
  it('returns each URL once', () => {
    const merged = mergeLogs([], [log('https://a.net'), log('https://a.net', 'Other'), log('http://b.net')]);
    expect(merged.map(({ source }) => [source.url, source.operator])).toEqual([
      ['https://a.net', 'Op'],
      ['http://b.net', 'Op'],
    ]);
  });

  it('completes a configured log from the list, and keeps the configured fields', () => {
    const { additional_logs } = {
      additional_logs: [{ url: 'https://a.net' }, { url: 'https://b.net', operator: 'Me' }],
    };
    const merged = mergeLogs(configuredLogs(general({ additional_logs })), [
      log('https://a.net'),
      log('https://b.net'),
    ]);
    expect(merged).toEqual([
      { ...log('https://a.net'), configured: true },
      { ...log('https://b.net', 'Me'), configured: true },
    ]);
  });
});
