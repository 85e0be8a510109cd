import { describe, expect, it } from 'vitest';

import { ConfigDraft } from './config-draft.js';
import { type ConfigKey } from './config-keys.js';
import { OWN_LAYOUT } from './config-layout.js';
import { type Environment, applyEnvironment } from './environment.js';
import { loadConfig } from './load-config.js';
import { ConfigError } from './config-error.js';

const load = (environment: Environment) => loadConfig({ environment, searchPaths: [] });

function problemsOf(environment: Environment): readonly string[] {
  try {
    load(environment);
  } catch (error) {
    return (error as ConfigError).problems;
  }
  throw new Error('expected a ConfigError');
}

const SOME_KEY =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQUXkp/IqiQiwKcckTl5Wc0B6xpCdEAWZ464EPHY75Fnl4gtUqZNWMdswyFxfFmUcvPw1sYiF4vzpyspACzxwzw==';

/** For each key, a value other than the default, as the text of a variable. */
function exampleOf(key: ConfigKey): { text: string; value: unknown } {
  const special: Record<string, string> = {
    listen_addr: '127.0.0.1',
    metric_prefix: 'mine',
    contact: 'ops@example.com',
    url: 'https://list.example/l.json',
    signature_url: 'https://list.example/l.sig',
  };
  const name = key.path.at(-1)!;
  if (key.type === 'switch') return { text: String(!key.default), value: !key.default };
  if (key.type === 'number') return { text: '77', value: 77 };
  if (key.type === 'texts')
    return { text: '10.0.0.0/8, 192.0.2.1\n::1', value: ['10.0.0.0/8', '192.0.2.1', '::1'] };
  if (key.type === 'choice') return { text: key.choices!.at(-1)!, value: key.choices!.at(-1)! };
  if (key.type === 'objects') {
    return {
      text: '[{"url": "ct.example/a", "operator": "Example"}]',
      value: [{ url: 'ct.example/a', operator: 'Example' }],
    };
  }
  const text = special[name] ?? `/x/${name}`;
  return { text, value: text };
}

describe('environment variables', () => {
  it.each(OWN_LAYOUT.keys.map((key) => [key.variable, key] as const))('%s sets its key', (variable, key) => {
    const draft = new ConfigDraft();
    const { text, value } = exampleOf(key);
    applyEnvironment(draft, { [variable]: text });
    expect(draft.problems).toEqual([]);
    const set = draft.get(key.path);
    expect(set).toEqual(Array.isArray(value) ? value : text);
  });

  it('set values of the right types, nested keys and lists included', () => {
    const { config } = load({
      CERTSTREAM_WEBSERVER_LISTEN_PORT: '8081',
      CERTSTREAM_WEBSERVER_WHITELIST: '10.0.0.0/8,::1',
      CERTSTREAM_PROMETHEUS_WHITELIST: '[ "192.0.2.0/24" ]',
      CERTSTREAM_GENERAL_BUFFER_SIZES_WEBSOCKET: '77',
      CERTSTREAM_GENERAL_RECOVERY_ENABLED: 'true',
      CERTSTREAM_GENERAL_EXCLUDED_LOGS: '[{operator: Example}, {url: ct.example/a}]',
      CERTSTREAM_GENERAL_ADDITIONAL_TILED_LOGS: '[{"url": "tiles.example/x/"}]',
      CERTSTREAM_LOG_LIST_URL: 'https://list.example/all.json',
      CERTSTREAM_CT_LOG_POLL_INTERVAL_SECONDS: '2.5',
    });
    expect(config).toMatchObject({
      webserver: { listen_port: 8081, whitelist: ['10.0.0.0/8', '::1'] },
      prometheus: { whitelist: ['192.0.2.0/24'] },
      general: {
        buffer_sizes: { websocket: 77, ctlog: 2048 },
        recovery: { enabled: true },
        excluded_logs: [{ operator: 'Example' }, { url: 'https://ct.example/a' }],
        additional_tiled_logs: [{ url: 'https://tiles.example/x', operator: 'Unknown' }],
      },
      log_list: { url: 'https://list.example/all.json' },
      ct_log: { poll_interval_seconds: 2.5 },
    });
  });

  it('count as not set when empty; "" is the empty text and [] the empty list', () => {
    const { config } = load({
      CERTSTREAM_WEBSERVER_LISTEN_PORT: '',
      CERTSTREAM_WEBSERVER_WHITELIST: ' ',
      CERTSTREAM_WEBSERVER_CERT_PATH: '""',
      CERTSTREAM_PROMETHEUS_WHITELIST: '[]',
    });
    expect(config.webserver).toMatchObject({ listen_port: 8080, whitelist: [], cert_path: '' });
  });

  it('may use the older name of a buffer size', () => {
    const older = 'CERTSTREAM_GENERAL_BUFFER_SIZES_BROADCASTMANAGER';
    expect(load({ [older]: '50' }).config.general.buffer_sizes.dispatcher).toBe(50);
    expect(problemsOf({ [older]: '50', CERTSTREAM_GENERAL_BUFFER_SIZES_DISPATCHER: '60' })).toEqual([
      expect.stringContaining(older),
    ]);
  });

  it.each<[string, string, string]>([
    ['CERTSTREAM_WEBSERVER_LISTENPORT', '80', 'did you mean CERTSTREAM_WEBSERVER_LISTEN_PORT?'],
    ['CERTSTREAM_STREAMPROCESSING_KAFKA_ENABLED', 'true', 'CERTSTREAM_OUTPUTS'],
    ['CERTSTREAM_SOMETHING_ELSE_ALTOGETHER', 'x', 'docs/configuration.md'],
    [
      'CERTSTREAM_WEBSERVER_LISTEN_PORT',
      'eighty',
      'CERTSTREAM_WEBSERVER_LISTEN_PORT: webserver.listen_port: "eighty"',
    ],
    ['CERTSTREAM_WEBSERVER_WHITELIST', 'anybody', 'CERTSTREAM_WEBSERVER_WHITELIST: webserver.whitelist[0]'],
    ['CERTSTREAM_WEBSERVER_WHITELIST', ',', 'write [] for none'],
    ['CERTSTREAM_WEBSERVER_WHITELIST', '[10.0.0.1', 'not a list'],
    ['CERTSTREAM_GENERAL_ADDITIONAL_LOGS', 'ct.example/a', '[{"url":'],
    ['CERTSTREAM_AUTH_TOKENS', 'secret', '[{"name": "dashboard",'],
    ['CERTSTREAM_GENERAL_ADDITIONAL_LOGS', '{"url": "ct.example/a"}', '[{"url":'],
    [
      'CERTSTREAM_GENERAL_ADDITIONAL_LOGS',
      '[{"uri": "ct.example/a", "url": "x.example"}]',
      'did you mean general.additional_logs[0].url?',
    ],
  ])('%s=%s is refused in one line', (variable, value, says) => {
    const problems = problemsOf({ [variable]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(variable);
    expect(problems[0]).toContain(says);
  });

  it('that Kubernetes or Docker sets for a service or link called certstream are ignored', () => {
    const { config, warnings } = load({
      CERTSTREAM_SERVICE_HOST: '10.96.0.12',
      CERTSTREAM_SERVICE_PORT: '8080',
      CERTSTREAM_SERVICE_PORT_HTTP: '8080',
      CERTSTREAM_PORT: 'tcp://10.96.0.12:8080',
      CERTSTREAM_PORT_8080_TCP: 'tcp://10.96.0.12:8080',
      CERTSTREAM_PORT_8080_TCP_PROTO: 'tcp',
      CERTSTREAM_PORT_8080_TCP_PORT: '8080',
      CERTSTREAM_PORT_8080_TCP_ADDR: '10.96.0.12',
      CERTSTREAM_WEB_SERVICE_HOST: '10.96.0.13',
      CERTSTREAM_WEB_PORT: 'tcp://10.96.0.13:80',
      CERTSTREAM_NAME: '/client/certstream',
      CERTSTREAM_ENV_NODE_VERSION: '24.0.0',
      CERTSTREAMX: 'not ours',
    });
    expect(config.webserver.listen_port).toBe(8080);
    expect(warnings).toEqual([]);
    expect(problemsOf({ CERTSTREAM_PORT: '9000' })).toHaveLength(1);
  });

  it('use a valid public key', () => {
    const { config } = load({
      CERTSTREAM_GENERAL_ADDITIONAL_LOGS: JSON.stringify([
        { url: 'ct.example/a', key: SOME_KEY.replace(/.{40}/g, '$& ') },
      ]),
    });
    expect(config.general.additional_logs[0].key).toBe(SOME_KEY);
  });
});
