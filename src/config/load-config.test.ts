import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { BAD_CONFIGS } from '../../test/config/bad-configs.js';
import { ConfigError } from './config-error.js';
import { configSchema } from './config-schema.js';
import { loadConfig, type LoadOptions } from './load-config.js';

const DEFAULTS = configSchema.parse({});
let folder: string;
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(yaml: string | Uint8Array): string {
  const path = join(folder, `config-${count++}.yaml`);
  writeFileSync(path, yaml);
  return path;
}

function load(yaml: string, options: LoadOptions = {}) {
  return loadConfig({ path: file(yaml), environment: {}, ...options });
}

function errorOf(attempt: () => unknown): ConfigError {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('expected a ConfigError');
}

describe('bad configurations', () => {
  it.each(BAD_CONFIGS.map((each) => [each.name, each] as const))('%s', (_, { yaml, line, says }) => {
    const path = file(yaml);
    const error = errorOf(() => loadConfig({ path, environment: {} }));
    expect(error.problems, error.message).toHaveLength(1);
    expect(error.message).not.toContain('\n');
    expect(error.message.startsWith(`${path}:${line}: `), error.message).toBe(true);
    for (const part of says) expect(error.message).toContain(part);
  });

  it('number at least thirty', () => {
    expect(BAD_CONFIGS.length).toBeGreaterThanOrEqual(30);
  });

  it('cause one line per problem, in the order of the file', () => {
    const { problems } = errorOf(() =>
      load(
        'webserver:\n  listen_port: x\n  foo: 1\nlog:\n  level: loud\nprometheus:\n  whitelist: [a, ::1, b]\n',
      ),
    );
    expect(problems.map((problem) => problem.replace(/^.*\.yaml:(\d+): (\S+) .*$/, '$1 $2'))).toEqual([
      '2 webserver.listen_port:',
      '3 unknown',
      '5 log.level:',
      '7 prometheus.whitelist[0]:',
      '7 prometheus.whitelist[2]:',
    ]);
  });

  it('with one wrong log among good ones do not also cause a message that no log is left', () => {
    const { problems } = errorOf(() =>
      load(
        'general:\n  disable_default_logs: true\n  additional_logs:\n' +
          '    - {url: ct.example/a}\n    - {operator: 5, key: x, uri: y}\n    - 7\n',
      ),
    );
    expect(
      problems.map((problem) => problem.replace(/^.*\.yaml:(\d+): (?:unknown key )?([\w.[\]]+).*$/, '$1 $2')),
    ).toEqual([
      '5 general.additional_logs[1].url',
      '5 general.additional_logs[1].key',
      '5 general.additional_logs[1].uri',
      '6 general.additional_logs[2]',
    ]);
  });

  it('cannot set keys of Object.prototype', () => {
    const { message } = errorOf(() => load('__proto__:\n  x: 1\nconstructor: 2\n'));
    expect(message).toContain('unknown key __proto__');
    expect(message).toContain('unknown key constructor');
  });

  it('cause no message that shows a password', () => {
    const { message } = errorOf(() =>
      load('log_list:\n  url: https://me:secret@list.example/log_list.json\n'),
    );
    expect(message).toContain('log_list.url');
    expect(message).not.toContain('secret');
  });

  it.each([
    ['a folder', () => folder, 'CONFIG_UNREADABLE', 'it is a folder'],
    ['a missing file', () => join(folder, 'none.yaml'), 'CONFIG_NOT_FOUND', 'no such file'],
    ['a file that is not text', () => file(Uint8Array.of(0xff, 0xfe, 0x00)), 'CONFIG_UNREADABLE', 'UTF-8'],
    ['an endless file', () => file('#'.repeat(2 ** 20 + 1)), 'CONFIG_UNREADABLE', '1 MiB'],
  ])('%s', (_, path, code, says) => {
    const error = errorOf(() => loadConfig({ path: path(), environment: {} }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(says);
    expect(error.problems).toHaveLength(1);
  });
});

describe('files of the Go server', () => {
  const fixture = (name: string) => join(import.meta.dirname, '../../test/config', name);

  it('may use its v1.9 keys', () => {
    const { config, warnings } = loadConfig({ path: fixture('go-1.9.yaml'), environment: {} });
    expect(config).toEqual({
      ...DEFAULTS,
      webserver: { ...DEFAULTS.webserver, listen_addr: '::', listen_port: 18080, compression_enabled: true },
      prometheus: {
        ...DEFAULTS.prometheus,
        enabled: true,
        listen_addr: '::',
        listen_port: 18080,
        expose_system_metrics: true,
        whitelist: ['127.0.0.1/8', '::1'],
      },
      general: {
        ...DEFAULTS.general,
        additional_logs: [
          {
            url: 'https://ct.example.com/logs/own2026',
            operator: 'Example',
            description: "Example 'Own2026' log",
            key: '',
            data_tiles: false,
          },
        ],
        additional_tiled_logs: [
          {
            url: 'https://tiles.example.com/own2026h2',
            operator: 'Example',
            description: "Example 'Own2026h2'",
            key: '',
            submission_url: '',
          },
        ],
        buffer_sizes: { websocket: 200, ctlog: 500, dispatcher: 5000 },
        recovery: { ...DEFAULTS.general.recovery, enabled: true, ct_index_file: './ct_index.json' },
      },
    });
    expect(warnings).toEqual([]);
  });

  it('may use its v1.10 keys, with equal duplicates and disabled outputs', () => {
    const { config, warnings } = loadConfig({ path: fixture('go-1.10.yaml'), environment: {} });
    expect(config.webserver.trusted_proxies).toEqual(['172.16.0.0/12']);
    expect(config.general.excluded_logs).toEqual([
      { operator: 'Example', url: '' },
      { operator: '', url: 'https://ct.example.com/logs/own2026' },
    ]);
    expect(config.general.buffer_sizes.dispatcher).toBe(5000);
    expect(warnings.map((warning) => warning.replace(/^.*\.yaml:/, ''))).toEqual([
      '16: webserver.real_ip: written twice with the same value (first in line 5)',
      '17: webserver.whitelist: written twice with the same value (first in line 8)',
      expect.stringContaining('outputs: the journal in memory holds'),
    ]);
    expect(config.outputs.map(({ type, name, stream }) => `${type} ${name} ${stream}`)).toEqual([
      'kafka kafka1 full',
      'nsq nsq1 domains',
    ]);
  });

  it('may use weak types: quoted numbers and switches, one text for a list', () => {
    const { config } = load(
      'webserver:\n  listen_port: "8081"\n  real_ip: "false"\n  compression_enabled: 1\n  whitelist: "10.0.0.0/8,::1"\n',
    );
    expect(config.webserver).toMatchObject({
      listen_port: 8081,
      real_ip: false,
      compression_enabled: true,
      whitelist: ['10.0.0.0/8', '::1'],
    });
  });

  it('may have keys and sections without value, and keys in capitals', () => {
    const { config, warnings } = load('general:\nWebServer:\n  Listen_Port: 81\nprometheus:\n  whitelist:\n');
    const { webserver, prometheus } = DEFAULTS;
    expect(config).toEqual({
      ...DEFAULTS,
      webserver: { ...webserver, listen_port: 81 },
      prometheus: { ...prometheus, listen_port: 81 },
    });
    expect(warnings.join('\n')).toMatch(/whitelist: has no entries/);
  });

  it('get the defaults for empty paths and sizes below 1', () => {
    const { config, warnings } = load(
      'webserver:\n  full_url: ""\n  lite_url: ""\ngeneral:\n  buffer_sizes:\n    websocket: 0\n    ctlog: -1\n    broadcastmanager: "0"\n',
    );
    expect(config).toEqual(DEFAULTS);
    expect(warnings).toHaveLength(5);
  });

  it('may use merge keys and anchors', () => {
    const { config } = load(
      'webserver: &listener\n  listen_addr: 127.0.0.1\nprometheus:\n  <<: *listener\n  enabled: true\n',
    );
    expect(config.prometheus.listen_addr).toBe('127.0.0.1');
  });

  it('may have log URLs with and without scheme and trailing slash; a repeated URL counts once', () => {
    const { config, warnings } = load(
      'general:\n  additional_logs:\n    - url: ct.example/a/\n    - url: http://127.0.0.1:8099/b//\n    - url: https://CT.example/a\n',
    );
    expect(config.general.additional_logs.map(({ url }) => url)).toEqual([
      'https://ct.example/a',
      'http://127.0.0.1:8099/b',
    ]);
    expect(warnings.join('\n')).toMatch(/additional_logs\[2\]\.url: .*listed twice/);
  });

  it('may be empty, which means the defaults', () => {
    expect(load('').config).toEqual(DEFAULTS);
    expect(load('# nothing\n').config).toEqual(DEFAULTS);
  });
});

describe('paths', () => {
  it('lose their trailing slash', () => {
    const { config } = load('webserver:\n  full_url: /all/\nprometheus:\n  metrics_url: /m/x/\n');
    expect([config.webserver.full_url, config.prometheus.metrics_url]).toEqual(['/all', '/m/x']);
  });

  it('of metrics and a stream may be equal on different ports', () => {
    const { config } = load('prometheus:\n  enabled: true\n  listen_port: 9090\n  metrics_url: /\n');
    expect(config.prometheus.metrics_url).toBe('/');
  });
});

describe('warnings', () => {
  it('say that real_ip without proxies ignores the headers', () => {
    expect(load('webserver:\n  real_ip: true\n').warnings.join()).toMatch(
      /:2: webserver\.real_ip: forwarded headers are ignored/,
    );
    expect(load('webserver:\n  real_ip: true\n  trusted_proxies: [10.0.0.1]\n').warnings).toEqual([]);
  });

  it('say that a proxy range covers the whole internet', () => {
    expect(load('webserver:\n  real_ip: true\n  trusted_proxies: ["::/0"]\n').warnings.join()).toContain(
      '::/0 lets every client',
    );
  });

  it('say that the log list is not verified', () => {
    expect(load('log_list:\n  verify_signature: false\n').warnings.join()).toContain(
      'the signature of the log list is not checked',
    );
  });
});

describe('search order', () => {
  it('uses the first file that exists, or else the defaults', () => {
    const [first, second] = [join(folder, 'first.yaml'), join(folder, 'second.yaml')];
    const find = () => loadConfig({ environment: {}, searchPaths: [first, second] });
    expect(find()).toEqual({ config: DEFAULTS, source: 'defaults', warnings: [] });
    writeFileSync(second, 'webserver: {listen_port: 2}');
    expect(find()).toMatchObject({ source: second, config: { webserver: { listen_port: 2 } } });
    writeFileSync(first, 'webserver: {listen_port: 1}');
    expect(find()).toMatchObject({ source: first, config: { webserver: { listen_port: 1 } } });
    expect(loadConfig({ path: second, environment: {}, searchPaths: [first] }).source).toBe(second);
  });

  it('names the mistake in the run line of a container if Docker has created a folder', () => {
    const error = errorOf(() => loadConfig({ environment: {}, searchPaths: [folder] }));
    expect(error.code).toBe('CONFIG_UNREADABLE');
    expect(error.message).toContain('name the file of -v with its path');
  });
});
