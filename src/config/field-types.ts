import { withoutTrailingSlashes } from '../kernel/trim.js';
import { z } from 'zod';

import { durationMs } from './duration.js';
import { logKeyMistake } from './log-key.js';
import { logUrlMistake, normalizeLogUrl, withScheme } from './log-url.js';
import { FilterError } from '../filter/filter-error.js';
import { filterFromJson, LARGEST_FILTER } from '../filter/filter-input.js';
import { nearest } from '../kernel/nearest.js';
import { shownValue } from './shown-value.js';

// Every message continues the line "<file>:<line>: <key>: ".

interface Issue {
  readonly input?: unknown;
}
/** Returns the message about a value that is not `what`. It continues with what to write instead. */
export const isNot = (what: string, hint: string) => ({
  error: (issue: Issue) => `${shownValue(issue.input)} is not ${what}; ${hint}`,
});

export function text() {
  return z.string(isNot('a text', 'put it into quotes'));
}

/** A text that is not empty. */
export function nameText() {
  const schema = text().refine((value) => value.trim() !== '', isNot('a name', 'remove the entry'));
  NAMES.add(schema);
  return schema;
}

const NAMES = new WeakSet<z.core.$ZodType>();

/** Whether the values of `schema` may contain spaces, as `Let's Encrypt` does, so that a list of them is not split at spaces. */
export function isNameText(schema: z.core.$ZodType): boolean {
  return NAMES.has(schema);
}

export function flag() {
  return z.boolean(isNot('a switch', 'use true or false'));
}

export function list<T extends z.ZodType>(item: T) {
  return z.array(item, isNot('a list', 'write one entry per line, each after a dash, or [] for none'));
}

export function integer(min: number, max: number) {
  const message = isNot('a whole number in range', `use ${min} to ${max}`);
  return z.int(message).min(min, message).max(max, message);
}

/** A number that may have a fraction. */
export function amount(min: number, max: number) {
  const message = isNot('a number in range', `use ${min} to ${max}`);
  return z.number(message).min(min, message).max(max, message);
}

export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, {
    error: (issue) => {
      const near = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined;
      const hint = near ? `did you mean ${near}? ` : '';
      return `${shownValue(issue.input)} is not known; ${hint}use one of ${values.join(', ')}`;
    },
  });
}

/** `90s`, `30m`, `36h` or `7d`; '' for none. {@link durationMs} reads it. */
export function duration() {
  const hint = 'use for example 90s, 30m, 36h or 7d';
  return text().refine((value) => value === '' || durationMs(value) !== undefined, isNot('a duration', hint));
}

/** Path of a URL. Parsing removes trailing slashes, except from `/` itself. */
export function urlPath() {
  return text()
    .overwrite((value) => (value.length > 1 ? withoutTrailingSlashes(value) || '/' : value))
    .refine(
      (value) => /^(\/|(\/[A-Za-z0-9\-._~]+)+)$/.test(value) && !/\/\.{1,2}(\/|$)/.test(value),
      isNot('a URL path', 'start with / and use letters, digits and - . _ ~ only, for example /full-stream'),
    );
}

function httpUrlOf(value: string): URL | undefined {
  if (!/^https?:\/\/[^\s\\/?#][^\s\\]*$/i.test(value) || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  return url.username || url.password || url.hash ? undefined : url;
}

/** The message about a value that is no URL does not contain the value: it may be a secret. */
export function secretUrl() {
  return text().refine(
    (value) => httpUrlOf(value) !== undefined,
    'is not a usable URL; write https://host/path without user name and #',
  );
}

export function httpUrl() {
  return text().refine(
    (value) => value === '' || httpUrlOf(value) !== undefined,
    isNot('a usable URL', 'write https://host/path without user name and #'),
  );
}

function isLogUrl(value: string): boolean {
  const url = httpUrlOf(withScheme(value));
  return (
    url !== undefined && !value.includes('?') && isHost(url.hostname) && logUrlMistake(value) === undefined
  );
}

function isHost(name: string): boolean {
  if (name.startsWith('[')) return true;
  const labels = name.replace(/\.$/, '').split('.');
  return labels.every((label) => /^[a-z0-9_-]+$/i.test(label) && !/^-|-$/.test(label));
}

/** URL of a log. Parsing adds a missing `https://` and removes trailing slashes. '' is allowed only if `optional`. */
export function logUrl(optional = false) {
  const hint = 'write https://host/path of the log, without query, user name and #';
  return text()
    .overwrite((value) => (isLogUrl(value.trim()) ? normalizeLogUrl(value)! : value))
    .refine((value) => (value === '' ? optional : isLogUrl(value)), {
      error: ({ input }) => {
        const mistake = typeof input === 'string' ? logUrlMistake(input) : undefined;
        return `${shownValue(input)} ${mistake ?? `is not the URL of a log; ${hint}`}`;
      },
    });
}

/** URL of logs in which `*` matches any text. */
export function logUrlPattern() {
  const hint = 'write https://host/path of the log, * for anything in it';
  return text().refine(
    (value) => isLogUrl(value.trim().replaceAll('*', 'x')),
    isNot('the URL of logs', hint),
  );
}

/** base64 of a DER SubjectPublicKeyInfo, white space removed; '' for none. */
export function publicKey() {
  const hint = 'copy "key" of the log list: base64 of the DER SubjectPublicKeyInfo';
  return text()
    .overwrite((value) => value.replace(/\s+/g, ''))
    .refine((value) => value === '' || logKeyMistake(value) === undefined, {
      error: ({ input }) => {
        const mistake = typeof input === 'string' ? logKeyMistake(input) : undefined;
        return `${shownValue(input)} ${mistake ?? 'is not a public key'}; ${hint}`;
      },
    });
}

// Messages about secrets do not show the values.

/** b64token of RFC 6750, 2.1; '' for none. */
export function accessToken() {
  return z
    .string('is not a text; put it into quotes')
    .refine(
      (value) => value === '' || (/^[A-Za-z0-9\-._~+/]+=*$/.test(value) && value.length <= 1024),
      'contains other characters than letters, digits and - . _ ~ + / (= at the end), or is longer than 1024 characters',
    );
}

/** A filter of entries as JSON; {} for none. `EntryFilter` holds its canonical form. */
export function entryFilter() {
  return z
    .record(z.string(), z.unknown(), 'is not a filter such as {domain: [example.com]}')
    .superRefine((value, context) => {
      try {
        filterFromJson(value, LARGEST_FILTER);
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        context.addIssue({ code: 'custom', message: `is not a filter: ${error.message}` });
      }
    });
}

/** SHA-256 in hexadecimal, lower case once parsed; '' for none. */
export function sha256Digest() {
  return z
    .string('is not a text; put it into quotes')
    .overwrite((value) => value.trim().toLowerCase())
    .refine((value) => /^([0-9a-f]{64})?$/.test(value), 'is not a SHA-256: 64 hexadecimal digits');
}

/** Name of a token. It appears in log lines. */
export function tokenName() {
  return text().refine(
    (value) => /^[\w.@-]{1,64}$/.test(value),
    isNot('a name', 'use at most 64 letters, digits and - . _ @'),
  );
}

/** A text for an HTTP header: printable ASCII. */
export function headerText() {
  return text().refine(
    (value) => /^[\x20-\x7e]{0,256}$/.test(value),
    isNot('fit for an HTTP header', 'use at most 256 printable ASCII characters'),
  );
}
