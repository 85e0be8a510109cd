import { z } from 'zod';
import type { LogProtocol } from '../../certificate/certificate-message.js';
import { normalizeLogUrl, withoutScheme } from '../../config/log-url.js';
import { decodeBase64 } from '../../kernel/base64.js';
import { parseBoundedJson } from '../../kernel/bounded-json.js';
import { type CtLog, logIdOf, UNKNOWN_OPERATOR } from '../client/ct-log.js';
import { LogListError } from './log-list-error.js';

/** States of logs that serve entries. Retired and rejected logs may be gone. */
const FOLLOWED_STATES: ReadonlySet<string> = new Set(['pending', 'qualified', 'usable', 'readonly']);

/** Maximum number of colons, commas and brackets of a list: about fifty per log, and no list has a thousand logs. */
const MAX_STRUCTURE = 100_000;

/** Maximum number of characters of a name and of a URL. Every message repeats them; real ones have less than a hundred. */
const MAX_NAME = 200;
const MAX_URL = 2000;

/** Host names that cannot be registered (RFC 2606): placeholder logs of operators without a real log. */
const RESERVED_HOST = /(^|\.)(example\.(com|net|org)|example|invalid|test)$/;

const listSchema = z.object({
  version: lenient(shownName().or(z.number().transform(String))),
  log_list_timestamp: lenient(z.string()),
  operators: z.array(z.unknown()),
});
const operatorSchema = z.object({
  name: lenient(shownName()),
  logs: lenient(z.array(z.unknown())),
  tiled_logs: lenient(z.array(z.unknown())),
});
const url = z.string().transform((text, context) => {
  const normalized = text.length > MAX_URL ? undefined : normalizeLogUrl(text);
  if (normalized !== undefined) return normalized;
  context.addIssue('not a URL');
  return z.NEVER;
});
const logSchema = z.object({
  description: lenient(shownName()),
  log_id: lenient(z.string()),
  key: z.string(),
  mmd: lenient(z.number().positive()),
});
const rfc6962Schema = logSchema.extend({ url });
const tiledSchema = logSchema.extend({ submission_url: lenient(url), monitoring_url: url });

/** A log list (v3 schema), reduced to the logs to follow. */
export interface LogList {
  readonly version: string | undefined;
  /** Milliseconds since the epoch. */
  readonly timestamp: number | undefined;
  readonly logs: readonly CtLog[];
  /** One line per log or operator that is ignored because it is invalid. */
  readonly skipped: readonly string[];
}

/**
 * Parses a v3 log list. Unknown fields and invalid logs are ignored.
 * @throws LogListError (`CT_LOG_LIST_MALFORMED`)
 */
export function parseLogList(bytes: Buffer): LogList {
  let json: unknown;
  try {
    json = parseBoundedJson(bytes, { maxStructure: MAX_STRUCTURE });
  } catch (error) {
    const { message } = error as Error;
    throw new LogListError('CT_LOG_LIST_MALFORMED', `the log list is unusable: ${message}`, { cause: error });
  }
  const list = listSchema.safeParse(json);
  if (!list.success) {
    throw new LogListError('CT_LOG_LIST_MALFORMED', 'the log list has no operators', { cause: list.error });
  }
  const logs: CtLog[] = [];
  const skipped: string[] = [];
  for (const [i, item] of list.data.operators.entries()) {
    const operator = operatorSchema.safeParse(item);
    if (!operator.success) {
      skipped.push(`operator ${i}: ${firstIssue(operator.error)}`);
      continue;
    }
    const { logs: own = [], tiled_logs: tiled = [] } = operator.data;
    const name = operator.data.name || UNKNOWN_OPERATOR;
    for (const field of ignoredFields(item, operator.data))
      skipped.push(`${field} of operator ${i}: unusable`);
    for (const log of own) readLog(name, log, 'rfc6962', logs, skipped);
    for (const log of tiled) readLog(name, log, 'tiled', logs, skipped);
  }
  const { version, log_list_timestamp } = list.data;
  const timestamp = Date.parse(log_list_timestamp ?? '');
  return { version, timestamp: Number.isNaN(timestamp) ? undefined : timestamp, logs, skipped };
}

/** A name is only displayed: a longer one is cut, and the log is not refused. */
function shownName() {
  return z.string().transform((name) => name.slice(0, MAX_NAME));
}

/** A field that may be missing. JSON writers in many languages write null for that; any other unusable value is ignored, too. */
function lenient<T>(schema: z.ZodType<T>) {
  return schema.optional().catch(undefined);
}

/** Names the fields of a record that have a value, but not a usable one. */
function ignoredFields(json: unknown, read: object): string[] {
  const given = json as Record<string, unknown>;
  return Object.entries(read)
    .filter(([name, value]) => value === undefined && given[name] !== undefined && given[name] !== null)
    .map(([name]) => name);
}

function readLog(operator: string, json: unknown, type: LogProtocol, logs: CtLog[], skipped: string[]): void {
  const where = `${labelOf(json)} of ${operator.slice(0, 100)}`;
  const state = stateOf(json);
  if (state === 'unusable') skipped.push(`${where}: state is not an object`);
  if (state === undefined || state === 'unusable') return;
  const parsed = type === 'tiled' ? tiledSchema.safeParse(json) : rfc6962Schema.safeParse(json);
  if (!parsed.success) {
    skipped.push(`${where}: ${firstIssue(parsed.error)}`);
    return;
  }
  const { data } = parsed;
  const key = decodeBase64(data.key);
  const logId = key && logIdOf(key);
  if (key === undefined || logId === undefined || (data.log_id ?? logId) !== logId) {
    skipped.push(`${where}: log_id is not the SHA-256 of key`);
    return;
  }
  const base = 'url' in data ? data.url : data.monitoring_url;
  if (isPlaceholder(base)) return;
  for (const field of ignoredFields(json, data)) skipped.push(`${field} of ${where}: unusable`);
  const submissionUrl = 'submission_url' in data ? data.submission_url : undefined;
  const isReadOnly = state === 'readonly';
  logs.push({
    source: { name: data.description || withoutScheme(base), url: base, operator, type, logId },
    ...(submissionUrl === undefined ? {} : { submissionUrl }),
    key,
    ...(isReadOnly && { readOnly: true }),
    // A read-only log keeps its last head, so its maximum merge delay does not apply.
    ...(data.mmd === undefined || isReadOnly ? {} : { mmd: data.mmd }),
    configured: false,
  });
}

/**
 * Returns the followed state of a log; undefined if it has another or none. The test logs in the list of all logs have no state.
 */
function stateOf(json: unknown): 'followed' | 'readonly' | 'unusable' | undefined {
  const { state } = (json ?? {}) as { state?: unknown };
  if (state === undefined || state === null) return undefined;
  if (typeof state !== 'object' || Array.isArray(state)) return 'unusable';
  const names = Object.entries(state).flatMap(([name, value]) => (value === null ? [] : [name]));
  if (names.includes('readonly')) return 'readonly';
  return names.some((name) => FOLLOWED_STATES.has(name)) ? 'followed' : undefined;
}

function labelOf(json: unknown): string {
  const { description } = (json ?? {}) as { description?: unknown };
  return typeof description === 'string' && description !== '' ? description.slice(0, 100) : 'a log';
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'unusable' : `${issue.path.join('.')} ${issue.message}`.trim();
}

/** Whether the URL is a placeholder, for example https://ct.example.com/bogus/. */
function isPlaceholder(logUrl: string): boolean {
  return RESERVED_HOST.test(new URL(logUrl).hostname);
}
