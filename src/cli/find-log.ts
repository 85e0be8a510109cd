import type { LogProtocol } from '../certificate/certificate-message.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { logUrlMistake, normalizeLogUrl, withoutScheme } from '../config/log-url.js';
import { withoutTrailingSlashes } from '../kernel/trim.js';
import { shownValue } from '../config/shown-value.js';
import { createCtLogClient } from '../ct-log/client/create-ct-log-client.js';
import type { ClientServices } from '../ct-log/client/client-services.js';
import { type CtLog, logIdOf, logKey } from '../ct-log/client/ct-log.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log/client/ct-log-client.js';
import { CtLogError } from '../ct-log/client/ct-log-error.js';
import type { CtHttpClient } from '../ct-log/client/http/ct-http-client.js';
import { readLogs } from './read-logs.js';
import { UsageError } from './usage-error.js';

/** Maximum number of names that an ambiguous name is explained with. */
const MAX_NAMES = 5;

export interface FindLogOptions {
  readonly config: CertstreamConfig;
  readonly http: CtHttpClient;
  /** Writes a line for the user. */
  readonly complain: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Finds a log by its URL, its log id (base64 or hexadecimal) or a part of its name. The log list and the configuration say its
 * protocol and key. The protocol of an unknown URL is detected, and its key is unknown.
 * @throws UsageError when no log or more than one log matches; LogListError, CtLogError
 */
export async function findLog(text: string, options: FindLogOptions): Promise<CtLog> {
  const { config, http, complain, signal } = options;
  const id = writtenLogId(text);
  const mistake = id === undefined && /[/:]/.test(text) ? logUrlMistake(text) : undefined;
  if (mistake !== undefined) throw new UsageError(`${shownValue(text)} ${mistake}`);
  const url = id === undefined && /[./:]/.test(text) ? normalizeLogUrl(text) : undefined;
  const logs = await readLogs(config, http, complain).catch((error: unknown) => {
    if (url === undefined || !(error instanceof Error)) throw error;
    complain(`The log list is unavailable: ${error.message}`);
    return [];
  });
  if (id !== undefined) {
    const log = logs.find(({ key }) => key !== undefined && logIdOf(key) === id);
    if (log !== undefined) return log;
    throw new UsageError(`no log of the log list has the id ${text}`);
  }
  if (url === undefined) return byName(text, logs);
  const key = withoutScheme(url);
  const log = logs.find((known) => logKey(known) === key || submissionKey(known) === key);
  return log ?? (await connectToLog(url, ['rfc6962', 'tiled'], http, signal)).log;
}

/**
 * Detects the protocol of a log that is not known by requesting its tree head.
 * @throws CtLogError (`CT_UNREACHABLE`) when the URL serves none with any of `protocols`.
 */
export async function connectToLog(
  url: string,
  protocols: readonly LogProtocol[],
  http: CtHttpClient,
  signal: AbortSignal,
  services: Partial<ClientServices> = {},
): Promise<{ log: CtLog; client: CtLogClient; head: SignedTreeHead }> {
  const failures: CtLogError[] = [];
  for (const type of protocols) {
    const log = { source: { name: 'N/A', operator: 'N/A', url, type }, configured: true };
    const client = createCtLogClient(log, http, services);
    try {
      return { log, client, head: await client.getTreeHead(signal) };
    } catch (error) {
      if (!(error instanceof CtLogError)) throw error;
      failures.push(error);
    }
  }
  throw new CtLogError(
    'CT_UNREACHABLE',
    `${url} returned no tree head: ${failures.map(({ message }) => message).join('; ')}`,
    { cause: failures[0] },
  );
}

function byName(text: string, logs: readonly CtLog[]): CtLog {
  const wanted = text.trim().toLowerCase();
  const named = logs.filter(({ source }) => source.name.toLowerCase().includes(wanted));
  const exact = named.filter(({ source }) => source.name.toLowerCase() === wanted);
  const [log, another] = exact.length === 1 ? exact : named;
  if (log === undefined || wanted === '')
    throw new UsageError(
      `no log has a name with ${shownValue(text)}; use its URL, its log id or a part of its name`,
    );
  if (another === undefined) return log;
  const names = named.slice(0, MAX_NAMES).map(({ source }) => source.name);
  const more = named.length > MAX_NAMES ? `, and ${named.length - MAX_NAMES} more` : '';
  throw new UsageError(
    `${shownValue(text)} is part of the names of ${named.length} logs: ${names.join(', ')}${more}; use more of the name, the URL or the log id`,
  );
}

/** Returns the SHA-256 of a log's key in base64 if the text is a log id (RFC 6962, 3.2) in base64, base64url or hexadecimal. */
function writtenLogId(text: string): string | undefined {
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64').toString('base64');
  return /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex').toString('base64') : undefined;
}

function submissionKey({ submissionUrl }: CtLog): string | undefined {
  return submissionUrl === undefined ? undefined : withoutTrailingSlashes(withoutScheme(submissionUrl));
}
