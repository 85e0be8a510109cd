import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import type { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

const folder = mkdtempSync(join(tmpdir(), 'certstream-written-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'config.yaml');

function load(text: string, environment: Record<string, string> = {}) {
  writeFileSync(path, text);
  return loadConfig({ path, environment }).config;
}

function problemsOf(text: string, environment?: Record<string, string>): readonly string[] {
  try {
    load(text, environment);
  } catch (error) {
    return (error as ConfigError).problems.map((line) => line.replace(`${path}:`, ''));
  }
  throw new Error('expected a ConfigError');
}

const tokenOf = (text: string) => load(`auth: {tokens: [{name: a, token: ${text}}]}`).auth.tokens[0].token;

/** Texts that YAML reads as a value of another type. */
const ODD_TEXTS = [
  '0012345678901234',
  '12345678901234567890',
  '1e3',
  '1E-400',
  '.5',
  '0.10',
  '1.10',
  '+7',
  '-0',
  '0x1F',
  '0o17',
  '12_000',
  'true',
  'False',
  'yes',
  '.inf',
  '-.INF',
  '.NaN',
  '2026-01-01',
  '000000000000000000000000000000000000000000000000000000000000000e',
];
const ANCHORED = (text: string) => `
general:
  excluded_logs:
    - &first {operator: &name ${text}}
    - <<: *first
      url: https://ct.example/a
    - operator: *name
`;

it('a key written twice with the same meaning has the same value', () => {
  expect(load('general: {drop_old_logs: true, drop_old_logs: True}').general.drop_old_logs).toBe(true);
  expect(load('webserver: {listen_port: 8080, listen_port: 0x1f90}').webserver.listen_port).toBe(8080);
  expect(problemsOf('ct_log: {user_agent: 1.1, user_agent: 1.10}')).toEqual([
    expect.stringContaining('ct_log.user_agent is written twice with different values'),
  ]);
});

describe('a text without quotes', () => {
  it.each(ODD_TEXTS)('%s keeps its characters', (text) => {
    expect(tokenOf(text)).toBe(text);
    expect(load(`ct_log:\n  user_agent: ${text}`).ct_log.user_agent).toBe(text);
    expect(load(`ct_log: {no_connection_reuse_operators: [${text}, ${text}]}`).ct_log).toMatchObject({
      no_connection_reuse_operators: [text, text],
    });
    expect(load(`general:\n  excluded_logs:\n    - operator: ${text} # a comment`)).toMatchObject({
      general: { excluded_logs: [{ operator: text }] },
    });
  });

  it.each(ODD_TEXTS)('%s keeps them through anchors, aliases and merge keys', (text) => {
    const { excluded_logs: logs } = load(ANCHORED(text)).general;
    expect(logs.map(({ operator }) => operator)).toEqual([text, text, text]);
  });

  it.each(ODD_TEXTS)('%s keeps them in a variable', (text) => {
    const { auth, ct_log: ctLog } = load('', {
      CERTSTREAM_AUTH_TOKENS: `[{"name": "a", "token": ${text}}]`,
      CERTSTREAM_CT_LOG_USER_AGENT: text,
      CERTSTREAM_CT_LOG_NO_CONNECTION_REUSE_OPERATORS: `[${text}, "x"]`,
    });
    expect(auth.tokens[0].token).toBe(text);
    expect(ctLog.user_agent).toBe(text);
    expect(ctLog.no_connection_reuse_operators).toEqual([text, 'x']);
  });

  it('keeps them in a JSON file, in YAML 1.1, and in any case of the key', () => {
    expect(load('{"auth": {"tokens": [{"name": "a", "token": 12345678901234567890}]}}')).toMatchObject({
      auth: { tokens: [{ token: '12345678901234567890' }] },
    });
    const old = '%YAML 1.1\n---\nct_log: {user_agent: 12_000}\nauth: {tokens: [{name: 0660, token: 10:20}]}';
    expect(problemsOf(old)[0]).toMatch(/token: contains other characters/);
    expect(load(old.replace('10:20', '0012'))).toMatchObject({
      ct_log: { user_agent: '12_000' },
      auth: { tokens: [{ name: '0660', token: '0012' }] },
    });
    expect(load('CT_LOG: {User_Agent: 1.10}').ct_log.user_agent).toBe('1.10');
  });

  it.each(['[{name: a, token: *no}]', '&all [*all]', '[{name: &a 1, token: *a}, {name: &b [*b]}]'])(
    'is refused in one line if its aliases cannot be resolved: %s',
    (text) => {
      expect(problemsOf(`auth: {tokens: ${text}}`)).toEqual([
        expect.stringMatching(/not usable YAML: (Unresolved alias|an alias repeats a value)/),
      ]);
      expect(problemsOf('', { CERTSTREAM_AUTH_TOKENS: text })).toEqual([
        expect.stringMatching(/^CERTSTREAM_AUTH_TOKENS: .* is not a list; write it like/),
      ]);
    },
  );

  it('has the same value as in quotes and in blocks', () => {
    expect(tokenOf('"0012"')).toBe('0012');
    expect(tokenOf("'1e3'")).toBe('1e3');
    expect(tokenOf('!!str 0012')).toBe('0012');
    expect(tokenOf('!!int "0012"')).toBe('0012');
    expect(load('auth:\n  tokens:\n    - name: a\n      token: >-\n        0012').auth.tokens[0].token).toBe(
      '0012',
    );
  });

  it('in place of a list is split at spaces, unless its entries are names', () => {
    const name = "Let's Encrypt";
    const operatorsOf = (text: string, environment = {}) =>
      load(text, environment).ct_log.no_connection_reuse_operators;
    expect(operatorsOf(`ct_log: {no_connection_reuse_operators: ${name}}`)).toEqual([name]);
    const variable = 'CERTSTREAM_CT_LOG_NO_CONNECTION_REUSE_OPERATORS';
    expect(operatorsOf('', { [variable]: `${name}, Google` })).toEqual([name, 'Google']);
    expect(operatorsOf('', { [variable]: '["A, Inc."]' })).toEqual(['A, Inc.']);
    expect(load('webserver: {whitelist: 10.0.0.0/8 ::1}').webserver.whitelist).toEqual(['10.0.0.0/8', '::1']);
  });

  it.each(['null', '~', ''])('counts as missing if YAML reads it as null: %j', (text) => {
    expect(problemsOf(`auth:\n  tokens:\n    - name: a\n      token: ${text}`)).toEqual([
      expect.stringMatching(/^3: auth.tokens\[0\]: needs either a token or a token_sha256/),
    ]);
    expect(problemsOf(`webserver: {whitelist: [${text || 'null'}, 10.0.0.0/8]}`)).toEqual([
      expect.stringMatching(/^1: webserver.whitelist\[0\]: null is not a text; put it into quotes/),
    ]);
  });
});

describe('webserver.listen_socket_mode', () => {
  const modeOf = (text: string) =>
    load(`webserver: {listen_socket: ./web.sock, listen_socket_mode: ${text}}`).webserver.listen_socket_mode;

  it.each(['0660', '"0660"', '0o660', '660', '"660"', "'0o660'", '0o0660'])('%s is rw-rw----', (text) => {
    expect(modeOf(text)).toBe('0660');
    const environment = { CERTSTREAM_WEBSERVER_LISTEN_SOCKET_MODE: text.replaceAll(/["']/g, '') };
    expect(load('', environment).webserver.listen_socket_mode).toBe('0660');
  });

  it('keeps any mode that is written with a leading zero', () => {
    expect([modeOf('0200'), modeOf('0o222')]).toEqual(['0200', '0222']);
  });

  // 432, 420, 504 and 511 are 0660, 0644, 0770 and 0777 in decimal.
  it.each([
    '432',
    '420',
    '504',
    '511',
    '"432"',
    '0x1b0',
    '0b110110000',
    '4660',
    '66',
    '1660',
    '0668',
    '-660',
    '6.6e2',
  ])('%s is refused', (text) => {
    const [problem] = problemsOf(`webserver: {listen_socket: ./web.sock, listen_socket_mode: ${text}}`);
    expect(problem).toMatch(/^1: webserver.listen_socket_mode: .* is not a file mode; write it in octal/);
  });
});

describe('a number', () => {
  it.each(['0080', '080', '"0080"', '-08', '00.5', '0660'])(
    '%s is refused, since some readers take it for octal',
    (text) => {
      const [problem, ...others] = problemsOf(`webserver:\n  listen_port: ${text}`);
      expect(problem).toMatch(
        /^2: webserver.listen_port: "[^"]+" begins with 0, .*; write [-\d.]+ if it is decimal$/,
      );
      expect(others).toEqual([]);
    },
  );

  it('is refused with a leading zero in a variable, a list entry and an older name', () => {
    expect(problemsOf('', { CERTSTREAM_WEBSERVER_LISTEN_PORT: '0080' })).toEqual([
      expect.stringMatching(/^CERTSTREAM_WEBSERVER_LISTEN_PORT: .*write 80 if/),
    ]);
    expect(problemsOf('auth: {tokens: [{name: a, token: abc, max_connections: 010}]}')).toHaveLength(1);
    expect(problemsOf('general: {buffer_sizes: {broadcastmanager: 0100}}')).toHaveLength(1);
  });

  it('may be written with a base prefix, with an exponent, or as a text', () => {
    const portOf = (text: string) => load(`webserver: {listen_port: ${text}}`).webserver.listen_port;
    expect(['8081', '"8081"', '0x1F91', '0o17621', '8.081e3'].map(portOf)).toEqual(Array(5).fill(8081));
    expect(load('ct_log: {poll_interval_seconds: 0.5}').ct_log.poll_interval_seconds).toBe(0.5);
    expect(load('webserver: {cert_check_seconds: 0}').webserver.cert_check_seconds).toBe(0);
  });

  it('is a switch only as 0 or 1', () => {
    expect(load('webserver: {real_ip: 1, trusted_proxies: [::1]}').webserver.real_ip).toBe(true);
    for (const text of ['0x1', '1.0', '01', '1e0'])
      expect(problemsOf(`webserver: {real_ip: ${text}}`)[0]).toMatch(/real_ip: ".*" is not a switch/);
  });
});
