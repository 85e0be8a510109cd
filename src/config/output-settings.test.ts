import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigError } from './config-error.js';
import { checkConfig } from './checked-config.js';
import { readYaml } from './read-yaml.js';
import type { OutputSettings } from './sections/outputs/outputs.js';
import { hostAndPort } from './sections/outputs/fields.js';

const DISK = 'journal: {store: disk}\n';

function load(yaml: string, journal = DISK): { outputs: OutputSettings[]; warnings: readonly string[] } {
  const draft = readYaml(journal + yaml, 'c.yaml');
  return { outputs: checkConfig(draft).outputs, warnings: draft.warnings };
}

function problemsOf(yaml: string): readonly string[] {
  try {
    load(yaml);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
}

const KAFKA = 'outputs:\n  - name: lake\n    type: kafka\n    brokers: [kafka]\n';
const FILE = 'outputs:\n  - name: disk\n    type: file\n    path: ./files\n';

describe('an entry of outputs', () => {
  it('gets the defaults of its type', () => {
    expect(load(KAFKA).outputs).toMatchObject([
      {
        type: 'kafka',
        enabled: true,
        stream: 'lite',
        format: 'go',
        unique: false,
        topic: 'certstream',
        key: 'log',
      },
    ]);
    expect(load(FILE).outputs).toMatchObject([
      { type: 'file', compression: 'none', rotate_minutes: 60, keep_gb: 0 },
    ]);
  });

  it('may have weak types, also in nested mappings, and choices in another case', () => {
    const { outputs } = load(
      `${KAFKA.replace('kafka\n', 'Kafka\n')}    enabled: "no"\n    timeout_seconds: "5"\n    compression: GZIP\n` +
        '    sasl: {mechanism: plain, username: u, password: p}\n    filter: {domain: [example.com]}\n',
    );
    expect(outputs).toMatchObject([
      {
        type: 'kafka',
        enabled: false,
        timeout_seconds: 5,
        compression: 'gzip',
        sasl: { mechanism: 'PLAIN', username: 'u', password: 'p', password_file: '' },
        filter: { domain: ['example.com'] },
      },
    ]);
  });

  it.each([
    ['type: kafka', 'type: kafak', 4, 'outputs[0].type: "kafak" is not known; did you mean kafka?'],
    ['    type: kafka\n', '', 3, 'outputs[0].type: is missing; use one of kafka, nats, nsq, webhook, file'],
    [
      'brokers: [kafka]',
      'broker: [kafka]',
      5,
      'unknown key outputs[0].broker; did you mean outputs[0].brokers?',
    ],
    ['brokers: [kafka]', 'brokers: []', 5, 'outputs[0].brokers: is empty'],
    ['brokers: [kafka]', 'brokers: ["kafka:0"]', 5, '"kafka:0" is not a server; write host:port'],
    ['brokers: [kafka]', 'brokers: ["http://kafka"]', 5, '"http://kafka" is not a server'],
    ['name: lake', 'name: "a b"', 3, 'outputs[0].name: "a b" is not a name'],
    [
      'brokers: [kafka]',
      'brokers: [kafka]\n    sasl: {mechanism: MD5, username: u}',
      6,
      'sasl.mechanism: "md5" is not known',
    ],
    ['brokers: [kafka]', 'brokers: [kafka]\n    sasl: {user: u, mechanism: PLAIN}', 6, 'sasl.user'],
    ['brokers: [kafka]', 'brokers: [kafka]\n    tls: {ca_file: x}', 6, 'unknown key outputs[0].tls.ca_file'],
    [
      'brokers: [kafka]',
      'brokers: [kafka]\n    filter: {domian: x}',
      6,
      'outputs[0].filter: is not a filter',
    ],
    ['brokers: [kafka]', 'brokers: [kafka]\n    path: x', 6, 'unknown key outputs[0].path'],
    [
      'brokers: [kafka]',
      'brokers: [kafka]\n    stream: domains\n    enrich: true',
      7,
      'outputs[0].enrich: has no effect',
    ],
    [
      'brokers: [kafka]',
      'brokers: [kafka]\n    sasl: {mechanism: PLAIN, username: u, password: p, password_env: P}',
      6,
      'outputs[0].sasl.password_env: gives a secret that password gives too',
    ],
  ])('names the line of %s -> %s', (written, wrong, line, says) => {
    const problems = problemsOf(KAFKA.replace(written, wrong));
    const problem = problems.find((text) => text.includes(says));
    expect(problem, problems.join('\n')).toBeDefined();
    expect(problem).toMatch(new RegExp(`^c\\.yaml:${line}: `));
  });

  it('does not show a secret that has the wrong type', () => {
    for (const value of ['{hidden: hunter2}', '[hunter2]'])
      expect(problemsOf(`${KAFKA}    sasl: {mechanism: PLAIN, username: u, password: ${value}}\n`)).toEqual([
        'c.yaml:6: outputs[0].sasl.password: is not a text; put it into quotes',
      ]);
  });

  it('needs a name and a folder of its own', () => {
    const second = FILE.slice(FILE.indexOf('  -'));
    expect(problemsOf(FILE + second.replace('./files', './other'))).toEqual([
      'c.yaml:6: outputs[1].name: "disk" is the name of two outputs; give each its own',
    ]);
    expect(problemsOf(FILE + second.replace('disk', 'b').replace('./files', 'files/'))).toEqual([
      'c.yaml:8: outputs[1].path: "files/" is the folder of two outputs; give each its own',
    ]);
    expect(problemsOf(FILE.replace('./files', '""'))).toEqual([
      'c.yaml:5: outputs[0].path: is empty; name a folder',
    ]);
  });

  it('needs a dead-letter file of its own', () => {
    const second = FILE.slice(FILE.indexOf('  -')).replace('disk', 'b').replace('./files', './other');
    const taken = `${second}    dead_letter_file: journal/disk.dead-letters.jsonl\n`;
    expect(problemsOf(FILE + taken)).toEqual([
      expect.stringMatching(/^c\.yaml:9: outputs\[1\]\.dead_letter_file: .* is the file of two outputs/),
    ]);
  });

  it('keeps at least two files', () => {
    expect(problemsOf(`${FILE}    keep_gb: 0.2\n`)).toEqual([
      'c.yaml:6: outputs[0].keep_gb: 0.2 holds less than two files of rotate_mb (256); raise it, or lower rotate_mb',
    ]);
  });

  it.each([
    ['stream: full', undefined],
    ['filter: {domain: [example.com]}', 'lite'],
    ['subject: rust, subject_prefix: rust', 'rust'],
  ])('may share a stream of JetStream only if its ids differ: %s', (keys, reason) => {
    const nats = (name: string, more: string) =>
      `  - {name: ${name}, type: nats, servers: [nats]${more === '' ? '' : `, ${more}`}}\n`;
    const problems = problemsOf(`outputs:\n${nats('a', '')}${nats('b', keys)}`);
    expect(problems.map((problem) => problem.slice(0, 36))).toEqual(
      reason === undefined ? [] : ['c.yaml:4: outputs[1].jetstream: "CER'],
    );
  });

  it('cannot write to a folder below a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'output-settings-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'file'), '');
    expect(problemsOf(FILE.replace('./files', join(folder, 'file/sub')))).toEqual([
      expect.stringMatching(/^c\.yaml:5: outputs\[0\]\.path: .*is not a folder/),
    ]);
  });

  it('gets a warning beside a journal in memory, unless it is disabled', () => {
    expect(load(FILE, 'journal: {}\n').warnings).toEqual([
      expect.stringMatching(/outputs: the journal in memory .*journal\.store: disk/),
    ]);
    expect(load(`${FILE}    enabled: false\n`, 'journal: {}\n').warnings).toEqual([]);
  });

  it('is refused if outputs is not a list', () => {
    expect(problemsOf('outputs: {kafka: {}}\n')).toEqual([expect.stringMatching(/outputs: .*not a list/)]);
  });
});

describe('the address of a server', () => {
  it.each([
    ['kafka', 'kafka:9092', 'kafka', 9092],
    ['kafka.example.com:1', 'kafka.example.com:1', 'kafka.example.com', 1],
    ['192.0.2.1', '192.0.2.1:9092', '192.0.2.1', 9092],
    ['2001:db8::1', '[2001:db8::1]:9092', '2001:db8::1', 9092],
    ['[2001:db8::1]', '[2001:db8::1]:9092', '2001:db8::1', 9092],
    ['[2001:db8::1]:93', '[2001:db8::1]:93', '2001:db8::1', 93],
    [' kafka:9093 ', 'kafka:9093', 'kafka', 9093],
  ])('%s gets its port: %s', (written, address, host, port) => {
    const yaml = KAFKA.replace('[kafka]', `["${written}"]`);
    expect(load(yaml).outputs).toMatchObject([{ brokers: [address] }]);
    expect(hostAndPort(address)).toEqual({ host, port });
  });

  it.each([
    ['nsqd', 'nsqd:4150'],
    ['http://nsqd:4151', 'http://nsqd:4151'],
  ])('of an nsqd may be %s', (written, address) => {
    const yaml = `outputs: [{name: q, type: nsq, address: "${written}"}]\n`;
    expect(load(yaml).outputs).toMatchObject([{ address }]);
  });
});
