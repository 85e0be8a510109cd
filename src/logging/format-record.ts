import type { DescribedError } from './describe-error.js';
import type { LogRecord } from './log-record.js';
import { printable, printableJson } from './printable.js';

const LEVEL_WIDTH = 5;
/** Longest text in UTF-16 units; longer texts are cut. */
const MAX_TEXT = 4096;
const RESERVED = new Set(['time', 'level', 'context', 'message', 'error']);

/** Formats `2026-11-22T10:00:00.000Z INFO  [LogTailer] message key=value`, with errors and their causes indented below. */
export function formatText(record: LogRecord): string {
  const head = [
    new Date(record.time).toISOString(),
    record.level.toUpperCase().padEnd(LEVEL_WIDTH),
    ...(record.context ? [`[${printable(record.context)}]`] : []),
    printable(record.message) +
      codeText(record.errors.find((error) => error.message === record.message) ?? {}),
    ...Object.entries(record.fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${printable(name)}=${textValue(value)}`),
  ].join(' ');
  return [head, ...errorLines(record)].join('\n');
}

function textValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=\\]+$/.test(value)) return printable(value);
  return printable(toJson(value));
}

function errorLines({ errors, stack, message }: LogRecord): string[] {
  const lines = errors.flatMap((error) => [
    ...(error.message === message ? stackLines(error.stack) : linesOf(error)),
    ...error.causes.flatMap((cause) => linesOf(cause, 'caused by ')),
  ]);
  return [...lines, ...stackLines(stack)];
}

function linesOf(error: DescribedError, lead = ''): string[] {
  return [
    `    ${lead}${printable(error.name)}${codeText(error)}: ${printable(error.message)}`,
    ...stackLines(error.stack),
  ];
}

function codeText({ code }: { code?: string }): string {
  return code === undefined ? '' : ` (${printable(code)})`;
}

/** Returns only the frames of the stack. The message in front of them is already printed, and may come from outside. */
function stackLines(stack = ''): string[] {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return frames.map((line) => `      ${printable(line.trim())}`);
}

/** Formats one JSON object: time, level, context, message, the fields, error. */
export function formatJson(record: LogRecord): string {
  const line: Record<string, unknown> = {
    time: new Date(record.time).toISOString(),
    level: record.level,
    ...(record.context ? { context: record.context } : {}),
    message: record.message,
  };
  for (const [name, value] of Object.entries(record.fields))
    line[RESERVED.has(name) ? `${name}_` : name] = value;
  const [error, ...more] = record.errors;
  if (error) line['error'] = { ...error, ...(more.length > 0 ? { more } : {}) };
  else if (record.stack) line['error'] = { stack: record.stack };
  return printableJson(toJson(line));
}

/** Returns `value` as JSON. Never throws; parts that JSON cannot represent become text. */
function toJson(value: unknown): string {
  const ancestors: unknown[] = [];
  try {
    return (
      JSON.stringify(value, function (this: unknown, _key, part: unknown) {
        while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop();
        if (typeof part === 'string') return part.length > MAX_TEXT ? `${part.slice(0, MAX_TEXT)}…` : part;
        if (typeof part === 'bigint') return part.toString();
        if (part instanceof Error) return `${part.name}: ${part.message}`;
        if (part instanceof Map || part instanceof Set) return [...part];
        if (typeof part !== 'object' || part === null) return part;
        if (ancestors.includes(part)) return '(circular)';
        ancestors.push(part);
        return part;
      }) ?? String(value)
    );
  } catch (error) {
    return JSON.stringify(`(not writable: ${(error as Error).message})`);
  }
}
