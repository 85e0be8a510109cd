import { createHash } from 'node:crypto';

import { checkCluster } from './cluster-checks.js';
import type { ConfigDraft } from './config-draft.js';
import type { CertstreamConfig } from './config-schema.js';
import { checkDirectoryOf, checkNewFolder, checkTlsFiles } from './file-checks.js';
import { logChecks } from './log-checks.js';
import { checkOutputs } from './output-checks.js';
import { isOwnPage } from './own-pages.js';
import { shownValue } from './shown-value.js';

/** Size of `sockaddr_un.sun_path` without the terminating zero, in bytes. */
const MAX_SOCKET_PATH = 107;
const MIN_TOKEN = 16;

/** The owner of the paths of {@link isOwnPage}, for messages. */
const OWN_PAGE = 'a page of this server';
const STREAM_KEYS = ['full_url', 'lite_url', 'domains_only_url', 'sse_url'] as const;

/** Runs the checks that concern several keys or files. They ignore values that the schema has refused. */
export function crossCheck(config: CertstreamConfig, draft: ConfigDraft): void {
  const checks = [
    checkStreamPaths,
    checkPorts,
    checkMetricsPath,
    checkDashboardPath,
    checkTls,
    checkProxies,
    checkSocket,
    checkLimits,
    checkTokens,
    checkHeartbeats,
    checkJournal,
    checkOutputs,
    checkCluster,
    ...logChecks,
  ];
  for (const check of checks) check(config, draft);
}

/** Whether the web listener serves the metrics. The Go server uses the same rule. */
export function sharesListener({
  webserver,
  prometheus,
}: Pick<CertstreamConfig, 'webserver' | 'prometheus'>): boolean {
  return prometheus.listen_port === webserver.listen_port && prometheus.listen_addr === webserver.listen_addr;
}

function checkStreamPaths({ webserver }: CertstreamConfig, draft: ConfigDraft): void {
  const used = new Map<string, string>();
  for (const key of STREAM_KEYS) {
    const path = webserver[key].toLowerCase();
    const owner = isOwnPage(path) ? OWN_PAGE : used.get(path);
    if (owner) {
      draft.problemUnlessKnown(
        [['webserver', key], ...(owner.startsWith('webserver.') ? [owner.split('.')] : [])],
        `${shownValue(webserver[key])} is already ${owner}; give each stream its own path`,
      );
    }
    used.set(path, `webserver.${key}`);
    if (key !== 'sse_url') used.set(examplePath(path), `the example page of webserver.${key}`);
  }
}

function examplePath(stream: string): string {
  return `${stream === '/' ? '' : stream}/example.json`;
}

function checkPorts(config: CertstreamConfig, draft: ConfigDraft): void {
  const { webserver, prometheus } = config;
  for (const [section, port] of [
    ['webserver', webserver.listen_port],
    ['prometheus', prometheus.listen_port],
  ] as const) {
    // An inherited port is reported for webserver.
    if (port === 0 && draft.get([section, 'listen_port']) !== undefined)
      draft.problem([section, 'listen_port'], '0 is not a port; use a whole number from 1 to 65535');
  }
  if (!prometheus.enabled || prometheus.listen_port !== webserver.listen_port || sharesListener(config))
    return;
  const wildcard = [webserver.listen_addr, prometheus.listen_addr].some((address) =>
    /^(0\.0\.0\.0|[0:]+)$/.test(address),
  );
  if (!wildcard) return;
  draft.problemUnlessKnown(
    [
      ['prometheus', 'listen_addr'],
      ['webserver', 'listen_addr'],
      ['prometheus', 'listen_port'],
      ['webserver', 'listen_port'],
    ],
    `port ${prometheus.listen_port} cannot be opened on ${prometheus.listen_addr} and on ${webserver.listen_addr} ` +
      '(webserver.listen_addr); use the same address to share the port, or another port',
  );
}

/** Returns what has a path of the web listener already: a page, or, if `withStreams`, a stream. */
function ownerOf(
  path: string,
  webserver: CertstreamConfig['webserver'],
  withStreams = true,
): string | undefined {
  if (isOwnPage(path)) return OWN_PAGE;
  const taken = new Map<string, string>();
  for (const key of STREAM_KEYS) {
    const stream = webserver[key].toLowerCase();
    if (withStreams) taken.set(stream, `webserver.${key}`);
    if (key !== 'sse_url') taken.set(examplePath(stream), `the example page of webserver.${key}`);
  }
  return taken.get(path);
}

function checkMetricsPath(config: CertstreamConfig, draft: ConfigDraft): void {
  const { webserver, prometheus } = config;
  if (!prometheus.enabled || !sharesListener(config)) return;
  const owner = ownerOf(prometheus.metrics_url.toLowerCase(), webserver);
  if (!owner) return;
  draft.problemUnlessKnown(
    [['prometheus', 'metrics_url'], ...STREAM_KEYS.map((key) => ['webserver', key])],
    `${shownValue(prometheus.metrics_url)} is already ${owner} on the same port; use another path or another port`,
  );
}

/** The dashboard may share the path of a stream. */
function checkDashboardPath(config: CertstreamConfig, draft: ConfigDraft): void {
  const { webserver, prometheus } = config;
  if (!webserver.dashboard) return;
  const path = webserver.dashboard_path.toLowerCase();
  const isMetrics =
    prometheus.enabled && sharesListener(config) && prometheus.metrics_url.toLowerCase() === path;
  const owner = isMetrics ? 'prometheus.metrics_url' : ownerOf(path, webserver, false);
  if (!owner) return;
  draft.problemUnlessKnown(
    [['webserver', 'dashboard_path'], ...(isMetrics ? [['prometheus', 'metrics_url']] : [])],
    `${shownValue(webserver.dashboard_path)} is already ${owner}; use another path`,
  );
}

function checkTls(config: CertstreamConfig, draft: ConfigDraft): void {
  const { webserver, prometheus } = config;
  checkTlsFiles(webserver, ['webserver'], draft);
  if (!prometheus.enabled) return;
  if (!sharesListener(config)) {
    checkTlsFiles(prometheus, ['prometheus'], draft);
  } else if (prometheus.cert_path !== '' && prometheus.cert_path !== webserver.cert_path) {
    draft.problem(
      ['prometheus', 'cert_path'],
      'has no effect on the port of webserver; set webserver.cert_path, or use another port for the metrics',
    );
  }
}

function checkProxies({ webserver, prometheus }: CertstreamConfig, draft: ConfigDraft): void {
  const listeners = { webserver, ...(prometheus.enabled ? { prometheus } : {}) };
  for (const [section, { real_ip, trusted_proxies }] of Object.entries(listeners)) {
    // An inherited value is reported for webserver.
    if (!real_ip || draft.get([section, 'real_ip']) === undefined) continue;
    const path = [section, 'trusted_proxies'];
    const hasSocket = section === 'webserver' && webserver.listen_socket !== '';
    if (trusted_proxies.length === 0 && !hasSocket && !draft.hasProblemAt(path)) {
      draft.warn(
        [section, 'real_ip'],
        `forwarded headers are ignored unless ${section}.trusted_proxies names your proxies`,
      );
    }
    const open = trusted_proxies.find((range) => /\/0+$/.test(range));
    if (open) draft.warn(path, `${open} lets every client choose its own address`);
  }
}

function checkSocket({ webserver, prometheus }: CertstreamConfig, draft: ConfigDraft): void {
  const { listen_socket: path, listen_tcp: tcp } = webserver;
  const problem = (key: string, text: string) => draft.problem(['webserver', key], text);
  if (path !== '') {
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH)
      problem(
        'listen_socket',
        `${shownValue(path)} is longer than ${MAX_SOCKET_PATH} bytes; use a shorter path`,
      );
    else checkDirectoryOf(path, ['webserver', 'listen_socket'], draft);
  }
  if (tcp) return;
  if (path === '') problem('listen_tcp', 'false leaves nothing to listen on; set webserver.listen_socket');
  if (webserver.cert_path !== '')
    problem('cert_path', 'has no effect without TCP, since the UNIX socket serves plain HTTP; remove it');
  if (prometheus.enabled && sharesListener({ webserver, prometheus }))
    draft.warn(['prometheus', 'listen_port'], 'the UNIX socket of webserver serves the metrics too');
}

function checkLimits({ webserver: { limits } }: CertstreamConfig, draft: ConfigDraft): void {
  if (limits.idle_timeout_seconds > limits.ping_interval_seconds) return;
  const section = ['webserver', 'limits'];
  draft.problemUnlessKnown(
    [
      [...section, 'idle_timeout_seconds'],
      [...section, 'ping_interval_seconds'],
    ],
    `${limits.idle_timeout_seconds} is not longer than ping_interval_seconds (${limits.ping_interval_seconds}); ` +
      'quiet clients would be closed',
  );
}

/** The messages do not show the tokens, which are secrets. */
function checkTokens({ auth: { tokens } }: CertstreamConfig, draft: ConfigDraft): void {
  tokens.forEach(({ name, token, token_sha256 }, index) => {
    const path = ['auth', 'tokens', index];
    const same = (other: CertstreamConfig['auth']['tokens'][number], at: number) =>
      at < index && digestOf(other.token, other.token_sha256) === digestOf(token, token_sha256);
    if (tokens.findIndex((other) => other.name === name) < index)
      draft.problem([...path, 'name'], `${shownValue(name)} is the name of two tokens; give each its own`);
    if (tokens.some(same)) draft.problem(path, 'has the same secret as another entry; give each its own');
    if (token !== '' && token.length < MIN_TOKEN)
      draft.warn([...path, 'token'], `is shorter than ${MIN_TOKEN} characters and may be guessed`);
  });
}

function digestOf(token: string, digest: string): string {
  return token === '' ? digest : createHash('sha256').update(token).digest('hex');
}

function checkHeartbeats({ stream }: CertstreamConfig, draft: ConfigDraft): void {
  if (stream.heartbeat_seconds === 0 || stream.heartbeat_streams.length > 0) return;
  draft.problemUnlessKnown(
    [
      ['stream', 'heartbeat_streams'],
      ['stream', 'heartbeat_seconds'],
    ],
    'is empty, so heartbeat_seconds has no effect; name a stream, or remove heartbeat_seconds',
  );
}

function checkJournal({ journal }: CertstreamConfig, draft: ConfigDraft): void {
  if (journal.store !== 'disk') return;
  if (journal.path === '') draft.problem(['journal', 'path'], 'is empty; name a folder');
  else checkNewFolder(journal.path, ['journal', 'path'], draft);
}
