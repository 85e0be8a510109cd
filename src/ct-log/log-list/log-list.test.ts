import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256, testKey } from '../../../test/support/ct-log-bytes.js';
import { GOOGLE_LOG_LIST_KEY } from './google-log-list-key.js';
import { logIdOf } from '../client/ct-log.js';
import { parseLogList } from './log-list.js';
import { logListCachePath, readLogListCache, writeLogListCache } from './log-list-cache.js';
import { readLogListKey, verifyLogList } from './log-list-signature.js';

const key = testKey().spki;

function listed(fields: object = {}): object {
  return {
    description: "Op 'Log'",
    log_id: sha256(key).toString('base64'),
    key: key.toString('base64'),
    url: 'https://ct.log.net/a/',
    mmd: 86_400,
    state: { usable: { timestamp: '2026-01-01T00:00:00Z' } },
    ...fields,
  };
}

function tiled(fields: object = {}): object {
  const urls = {
    url: undefined,
    submission_url: 'https://log.ct.net/b/',
    monitoring_url: 'https://mon.ct.net/b/',
  };
  return { ...listed(urls), ...fields };
}

function parse(logs: unknown[], tiledLogs: unknown[] = []) {
  const operators = [{ name: 'Op', email: [], logs, tiled_logs: tiledLogs, future: 1 }];
  return parseLogList(Buffer.from(JSON.stringify({ version: '9.1', future: [], operators })));
}

describe('parseLogList', () => {
  it('reads logs of both protocols', () => {
    const { logs, version, skipped } = parse([listed()], [tiled()]);
    expect({ version, skipped }).toEqual({ version: '9.1', skipped: [] });
    expect(logs).toEqual([
      {
        source: {
          name: "Op 'Log'",
          url: 'https://ct.log.net/a',
          operator: 'Op',
          type: 'rfc6962',
          logId: logIdOf(key),
        },
        key,
        mmd: 86_400,
        configured: false,
      },
      {
        source: {
          name: "Op 'Log'",
          url: 'https://mon.ct.net/b',
          operator: 'Op',
          type: 'tiled',
          logId: logIdOf(key),
        },
        submissionUrl: 'https://log.ct.net/b',
        key,
        mmd: 86_400,
        configured: false,
      },
    ]);
  });

  it('bounds the names that every message repeats', () => {
    const long = '\u0001'.repeat(1_000_000);
    const operators = [
      {
        name: long,
        logs: [listed({ description: long }), listed({ url: `https://ct.log.net/${'a'.repeat(5000)}` })],
      },
    ];
    const { logs, skipped } = parseLogList(Buffer.from(JSON.stringify({ operators })));
    expect(logs.map(({ source }) => [source.name.length, source.operator.length])).toEqual([[200, 200]]);
    expect(skipped).toEqual([expect.stringMatching(/url not a URL$/)]);
  });

  it.each([
    ['pending', 1],
    ['qualified', 1],
    ['usable', 1],
    ['readonly', 1],
    ['retired', 0],
    ['rejected', 0],
    ['invented', 0],
  ])('a list with one %s log has %i logs to follow', (state, count) => {
    expect(parse([listed({ state: { [state]: { timestamp: 'x' } } })]).logs).toHaveLength(count);
  });

  it('ignores logs without state and placeholders', () => {
    const bogus = ['https://ct.example.com/bogus/usable/', 'https://log.invalid'].map((url) =>
      listed({ url }),
    );
    expect(parse([listed({ state: undefined }), ...bogus])).toMatchObject({ logs: [], skipped: [] });
    const real = ['https://notexample.com', 'http://127.0.0.1:1'].map((url) => listed({ url }));
    expect(parse(real).logs).toHaveLength(2);
  });

  it('names a log without description by its URL', () => {
    expect(parse([listed({ description: undefined })]).logs[0]?.source.name).toBe('ct.log.net/a');
  });

  it.each([
    ['no key', { key: undefined }],
    ['a key that is not base64', { key: '*' }],
    ['the id of another key', { log_id: sha256(Buffer.from('other')).toString('base64') }],
    ['no URL', { url: undefined }],
    ['an URL of another kind', { url: 'ftp://ct.log.net/' }],
    ['a state that is not an object', { state: 'usable' }],
    ['a list of states', { state: ['usable'] }],
    ['an id that is not base64', { log_id: '*' }],
    ['a key of null', { key: null }],
  ])('ignores a log with %s, reports it, and keeps the others', (_what, fields) => {
    const { logs, skipped } = parse([listed(fields), listed()], [tiled()]);
    expect(logs).toHaveLength(2);
    expect(skipped).toEqual([expect.stringContaining("Op 'Log' of Op")]);
  });

  it.each([7, 'text', null, [], true])('ignores the operator %j', (operator) => {
    const operators = [operator, { name: 'Op', logs: [listed()] }];
    const { logs, skipped } = parseLogList(Buffer.from(JSON.stringify({ operators })));
    expect(logs).toHaveLength(1);
    expect(skipped).toEqual([expect.stringMatching(/^operator 0: /)]);
  });

  const unusable = [0, -1, true, [], {}, ['text'], { a: 1 }];

  it.each([undefined, null, 'text', ...unusable])('keeps an operator whose other fields are %j', (odd) => {
    const operators = [
      { name: odd, email: odd, logs: odd, tiled_logs: [tiled()] },
      { name: 'Op', email: odd, logs: [listed()], tiled_logs: odd },
    ];
    const document = { version: odd, log_list_timestamp: odd, operators };
    const { logs, skipped, timestamp } = parseLogList(Buffer.from(JSON.stringify(document)));
    expect(logs.map(({ source }) => source.type)).toEqual(['tiled', 'rfc6962']);
    expect(logs[0].source.operator).toBe(odd === 'text' ? 'text' : 'Unknown');
    expect(timestamp).toBeUndefined();
    const lines = ['logs of operator 0: unusable', 'tiled_logs of operator 1: unusable'];
    expect(skipped).toEqual(
      odd === undefined || odd === null || Array.isArray(odd)
        ? expect.not.arrayContaining(lines)
        : expect.arrayContaining(lines),
    );
  });

  it.each([undefined, null, '', ...unusable])('keeps a log whose optional fields are %j', (odd) => {
    const fields = {
      description: odd,
      log_id: odd === '' ? undefined : odd,
      mmd: odd,
      temporal_interval: odd,
    };
    const { logs, skipped } = parse([listed(fields)], [tiled({ ...fields, submission_url: odd })]);
    expect(logs.map(({ source }) => [source.name, source.logId])).toEqual([
      ['ct.log.net/a', logIdOf(key)],
      ['mon.ct.net/b', logIdOf(key)],
    ]);
    for (const log of logs) expect(log.mmd ?? log.submissionUrl).toBeUndefined();
    const hasLine = odd !== undefined && odd !== null;
    expect(skipped.some((line) => line === 'mmd of a log of Op: unusable')).toBe(hasLine);
  });

  it('ignores states of null', () => {
    const others = { pending: null, readonly: null, retired: null };
    const { logs } = parse([listed({ state: { ...others, usable: {} } }), listed({ state: others })]);
    expect(logs).toHaveLength(1);
    expect(logs[0].readOnly).toBeUndefined();
  });

  it('bounds the version', () => {
    const { version } = parseLogList(Buffer.from(`{"version":"${'9'.repeat(1_000_000)}","operators":[]}`));
    expect(version).toHaveLength(200);
  });

  it('rejects a list of many thousand operators, and one with very deep nesting', () => {
    for (const text of [`{"operators":[${'{},'.repeat(100_000)}{}]}`, '['.repeat(100_000)]) {
      expect(() => parseLogList(Buffer.from(text))).toThrow(
        expect.objectContaining({ code: 'CT_LOG_LIST_MALFORMED' }),
      );
    }
  });

  it.each(['', '<html>', '[]', 'null', '{}', '{"operators":{}}'])('rejects %j', (text) => {
    expect(() => parseLogList(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'CT_LOG_LIST_MALFORMED' }),
    );
  });
});

describe('signature of the log list', () => {
  const list = Buffer.from('{"operators":[]}');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'log-list-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is checked with the key of a file', async () => {
    const path = join(folder, 'key.pem');
    await writeFile(path, publicKey.export({ type: 'spki', format: 'pem' }));
    const signature = sign('sha256', list, privateKey);
    const own = readLogListKey(path);
    verifyLogList(list, signature, own);
    const wrong = expect.objectContaining({ code: 'CT_LOG_LIST_SIGNATURE' });
    expect(() => verifyLogList(Buffer.from('{"operators":[ ]}'), signature, own)).toThrow(wrong);
    expect(() => verifyLogList(list, Buffer.alloc(0), own)).toThrow(wrong);
    expect(() => verifyLogList(list, signature, readLogListKey(''))).toThrow(wrong);
  });

  it('rejects an invalid key file', () => {
    expect(() => readLogListKey(join(folder, 'missing.pem'))).toThrow(
      expect.objectContaining({ code: 'CT_LOG_LIST_KEY' }),
    );
  });

  it('pins the key of Google', () => {
    const spki = createPublicKey(GOOGLE_LOG_LIST_KEY).export({ type: 'spki', format: 'der' });
    expect(createHash('sha256').update(spki).digest('hex')).toBe(
      'f1d8b68e50210d8e73d9a3e97f571773c52d7f28c0b1a71beee81d8562e6fd85',
    );
  });

  it('is cached together with the list, only for this URL', async () => {
    const path = join(folder, 'sub', 'folder', 'list.json');
    const signed = { list: Buffer.from([0xff, 0x00, 0x7b]), signature: Buffer.from('sig') };
    await writeLogListCache(path, 'https://a/', signed);
    expect(await readLogListCache(path, 'https://a/')).toEqual(signed);
    expect(await readLogListCache(path, 'https://b/')).toBeUndefined();
    await writeFile(path, (await readFile(path)).subarray(0, 20));
    expect(await readLogListCache(path, 'https://a/')).toBeUndefined();
    expect(await readLogListCache(join(folder, 'none'), 'https://a/')).toBeUndefined();
  });

  it("is cached in the user's cache folder", () => {
    expect(logListCachePath('', { XDG_CACHE_HOME: '/cache' })).toBe(
      join('/cache', 'certstream-server-nest', 'log_list.json'),
    );
    expect(logListCachePath('/x/y.json', {})).toBe('/x/y.json');
  });
});

const corpus = process.env['CT_CORPUS_DIR'] ?? '';
const lists = join(corpus, 'log-lists');
const hasLists = corpus !== '' && existsSync(lists);
if (!hasLists) console.warn('skipped: real log lists (CT_CORPUS_DIR is not set)');

describe.skipIf(!hasLists)('real log lists', () => {
  it("Google's list verifies with the pinned key, and a changed one does not", () => {
    const folder = join(lists, 'google-signed-2026-05-29');
    const list = readFileSync(join(folder, 'google_v3_log_list.json'));
    const signature = readFileSync(join(folder, 'google_v3_log_list.sig'));
    verifyLogList(list, signature, readLogListKey(''));
    const { logs, version, skipped, timestamp } = parseLogList(list);
    expect({ version, skipped }).toEqual({ version: '85.92', skipped: [] });
    expect(timestamp).toBe(Date.parse('2026-05-29T13:42:48Z'));
    expect(logs.length).toBeGreaterThan(40);
    expect(logs.some(({ source }) => source.url.includes('example.com'))).toBe(false);
    list[100] ^= 1;
    expect(() => verifyLogList(list, signature, readLogListKey(''))).toThrow('signature');
  });

  it('the list of all logs has only logs with a followed state', () => {
    const path = join(lists, 'pki-data-google-all/all_log_list.2026-08-21.e6e9654.json');
    const { logs, skipped } = parseLogList(readFileSync(path));
    expect(skipped).toEqual([]);
    expect(logs.filter(({ source }) => source.type === 'rfc6962')).toHaveLength(21 + 2);
    expect(logs.filter(({ source }) => source.type === 'tiled')).toHaveLength(16 + 6 + 16);
  });
});
