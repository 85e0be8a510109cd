import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.js';
import { checkConfig } from './checked-config.js';
import type { CertstreamConfig } from './config-schema.js';
import { readYaml } from './read-yaml.js';

const DISK = 'journal:\n  store: disk\n';

function load(yaml: string, environment = {}): { config: CertstreamConfig; warnings: readonly string[] } {
  const draft = readYaml(yaml + DISK, 'c.yaml');
  return { config: checkConfig(draft, environment), warnings: draft.warnings };
}

function problemsOf(yaml: string): readonly string[] {
  try {
    load(yaml);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  return [];
}

const KAFKA =
  'streamprocessing:\n  - name: k\n    type: kafka\n    stream: lite\n    server_addr: kafka\n    server_port: 9092\n';

describe('streamprocessing of the Go server', () => {
  it('becomes outputs: Kafka with its defaults, NSQ in both spellings by its TCP port', () => {
    const { config, warnings } = load(
      `${KAFKA}  - type: nsq\n    stream: domains-only\n    server_addr: 2001:db8::1\n    server_port: "4150"\n    topic: ""\n` +
        '  - name: c\n    type: nqs\n    stream: full\n    server_addr: nsqd.example.com\n    server_port: 4150\n    topic: t\n    enabled: true\n',
    );
    expect(warnings).toEqual([]);
    expect(config.outputs).toMatchObject([
      {
        type: 'kafka',
        name: 'k',
        enabled: true,
        stream: 'lite',
        brokers: ['kafka:9092'],
        topic: 'certstream',
        key: 'log',
        compression: 'none',
      },
      { type: 'nsq', name: 'nsq-2', stream: 'domains', address: '[2001:db8::1]:4150', topic: 'certstream' },
      { type: 'nsq', name: 'c', stream: 'full', address: 'nsqd.example.com:4150', topic: 't' },
    ]);
  });

  it('may be the older mapping, in which only outputs with enabled: true count', () => {
    const { config } = load(
      'stream_processing:\n  kafka:\n    enabled: true\n    stream: lite\n    server_address: 127.0.0.1\n    server_port: 9092\n    topic: certificates\n  nsq:\n    server_address: 127.0.0.1\n',
    );
    expect(config.outputs).toMatchObject([
      { type: 'kafka', name: 'kafka', brokers: ['127.0.0.1:9092'], topic: 'certificates' },
    ]);
  });

  it('is added to the entries of outputs, also to those of the environment', () => {
    const variable = '[{"type": "file", "name": "f", "path": "./files"}]';
    const { config } = load(KAFKA, { CERTSTREAM_OUTPUTS: variable });
    expect(config.outputs.map(({ name }) => name)).toEqual(['f', 'k']);
  });

  it('may contain disabled outputs that lack something', () => {
    expect(load('streamprocessing:\n  - name: k\n    enabled: "false"\n').config.outputs).toEqual([]);
    expect(load('streamprocessing:\n').config.outputs).toEqual([]);
    expect(load('streamprocessing:\n  enabled: false\n').config.outputs).toEqual([]);
  });

  it('gets warnings for values that have no effect or are replaced', () => {
    const { config, warnings } = load(
      'streamprocessing:\n  - name: my queue\n    type: nsq\n    server_addr: nsqd\n    server_port: 4150\n    compression: snappy\n',
    );
    expect(config.outputs).toMatchObject([{ name: 'my-queue', stream: 'full' }]);
    expect(warnings).toEqual([
      expect.stringMatching(/stream: is missing; the full stream is delivered/),
      'c.yaml:2: streamprocessing[0].name: taken as my-queue',
      'c.yaml:6: streamprocessing[0].compression: ignored: messages to NSQ are not compressed, also by the Go server',
    ]);
  });

  it.each([
    ['server_port: 9092', 'server_port: 0', '6', 'server_port: 0 is not a port; use 1 to 65535'],
    [
      'server_port: 9092',
      'serverport: 9092',
      '6',
      'serverport: unknown key; did you mean server_port?',
      'server_port: is missing',
    ],
    ['server_addr: kafka', 'server_addr: ""', '5', 'server_addr: is missing'],
    ['server_addr: kafka', 'server_addr: "a b"', '5', 'server_addr: "a b:9092" is not a server'],
    ['type: kafka', 'type: redis', '3', 'type: "redis" is not known; use one of kafka, nsq'],
    [
      'stream: lite',
      'stream: domains',
      '4',
      'stream: "domains" is not known; use one of full, lite, domains-only',
    ],
    ['name: k', 'compression: brotli', '2', 'compression: "brotli" is not known'],
    ['name: k', 'enabled: maybe', '2', 'enabled: "maybe" is not a switch'],
    ['name: k', 'topic: [a]', '2', 'topic: ["a"] is not a text'],
  ])('names the line of %s -> %s', (written, wrong, line, ...says) => {
    const problems = problemsOf(KAFKA.replace(written, wrong));
    expect(problems).toHaveLength(says.length);
    for (const text of says)
      expect(problems.filter((problem) => problem.includes(`streamprocessing[0].${text}`))).toHaveLength(1);
    expect(problems.some((problem) => problem.startsWith(`c.yaml:${line}: `))).toBe(true);
  });

  it('names the line of an output whose name is taken, and of a section that is no list', () => {
    const twice = KAFKA + KAFKA.slice(KAFKA.indexOf('  -'));
    expect(problemsOf(twice)).toEqual([
      'c.yaml:7: streamprocessing[1].name: "k" is the name of two outputs; give each its own',
    ]);
    expect(problemsOf('streamprocessing: kafka\n')).toEqual([
      expect.stringMatching(/^c\.yaml:1: streamprocessing: is not a list of outputs/),
    ]);
    expect(problemsOf('streamprocessing:\n  - kafka\n')).toEqual([
      expect.stringMatching(/^c\.yaml:2: streamprocessing\[0\]: "kafka" is not a mapping/),
    ]);
  });
});
