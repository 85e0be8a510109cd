import { z } from 'zod';
import type { LogProtocol } from '../../certificate/certificate-message.js';
import { normalizeLogUrl, withoutScheme } from '../../config/log-url.js';
import { decodeBase64 } from '../../kernel/base64.js';
import { parseBoundedJson } from '../../kernel/bounded-json.js';
import { type CtLog, logIdOf } from '../client/ct-log.js';
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
  version: z.string().optional(),
  log_list_timestamp: z.string().optional(),
  operators: z.array(z.unknown()),
});
const operatorSchema = z.object({
  name: shownName(),
  logs: z.array(z.unknown()).default([]),
  tiled_logs: z.array(z.unknown()).default([]),
});
const url = z.string().transform((text, context) => {
  const normalized = text.length > MAX_URL ? undefined : normalizeLogUrl(text);
  if (normalized !== undefined) return normalized;
  context.addIssue('not a URL');
  return z.NEVER;
});
const logSchema = z.object({
  description: shownName().optional(),
  log_id: z.string(),
  key: z.string(),
  mmd: z.number().positive().optional(),
  state: z.record(z.string(), z.unknown()).optional(),
});
const rfc6962Schema = logSchema.extend({ url });
const tiledSchema = logSchema.extend({ submission_url: url, monitoring_url: url });

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
    const { name } = operator.data;
    for (const log of operator.data.logs) readLog(name, log, 'rfc6962', logs, skipped);
    for (const log of operator.data.tiled_logs) readLog(name, log, 'tiled', logs, skipped);
  }
  const { version, log_list_timestamp } = list.data;
  const timestamp = Date.parse(log_list_timestamp ?? '');
  return { version, timestamp: Number.isNaN(timestamp) ? undefined : timestamp, logs, skipped };
}

/** A name is only displayed: a longer one is cut, and the log is not refused. */
function shownName() {
  return z.string().transform((name) => name.slice(0, MAX_NAME));
}

function readLog(operator: string, json: unknown, type: LogProtocol, logs: CtLog[], skipped: string[]): void {
  if (!isFollowed(json)) return;
  const parsed = type === 'tiled' ? tiledSchema.safeParse(json) : rfc6962Schema.safeParse(json);
  if (!parsed.success) {
    skipped.push(`${labelOf(json)} of ${operator.slice(0, 100)}: ${firstIssue(parsed.error)}`);
    return;
  }
  const { data } = parsed;
  const key = decodeBase64(data.key);
  if (key === undefined || logIdOf(key) !== data.log_id) {
    skipped.push(`${labelOf(json)} of ${operator.slice(0, 100)}: log_id is not the SHA-256 of key`);
    return;
  }
  const base = 'url' in data ? data.url : data.monitoring_url;
  if (isPlaceholder(base)) return;
  const isReadOnly = data.state?.['readonly'] !== undefined;
  logs.push({
    source: { name: data.description ?? withoutScheme(base), url: base, operator, type, logId: data.log_id },
    ...('submission_url' in data ? { submissionUrl: data.submission_url } : {}),
    key,
    ...(isReadOnly && { readOnly: true }),
    // A read-only log keeps its last head, so its maximum merge delay does not apply.
    ...(data.mmd === undefined || isReadOnly ? {} : { mmd: data.mmd }),
    configured: false,
  });
}

/** Whether a log has a state of {@link FOLLOWED_STATES}. The test logs in the list of all logs have no state. */
function isFollowed(json: unknown): boolean {
  const { state } = (json ?? {}) as { state?: unknown };
  if (typeof state !== 'object' || state === null) return false;
  return Object.keys(state).some((name) => FOLLOWED_STATES.has(name));
}

function labelOf(json: unknown): string {
  const { description } = (json ?? {}) as { description?: unknown };
  return typeof description === 'string' ? description.slice(0, 100) : 'a log';
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'unusable' : `${issue.path.join('.')} ${issue.message}`.trim();
}

/** Whether the URL is a placeholder, for example https://ct.example.com/bogus/. */
function isPlaceholder(logUrl: string): boolean {
  return RESERVED_HOST.test(new URL(logUrl).hostname);
}
