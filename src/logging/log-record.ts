import { type DescribedError, describeError } from './describe-error.js';

export type RecordLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug';

/** One log line before it is written. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly level: RecordLevel;
  readonly context: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly errors: readonly DescribedError[];
  /** Stack as text, which is how Nest passes it. */
  readonly stack?: string;
}

/**
 * Makes a record of the arguments of Nest's `Logger`: a message, then texts, fields and errors in any order. If the last
 * argument is a text, it is the context.
 */
export function toRecord(
  time: number,
  level: RecordLevel,
  message: unknown,
  params: readonly unknown[],
): LogRecord {
  const rest = [...params];
  const context = rest.length > 0 && isContext(rest.at(-1)) ? (rest.pop() as string) : '';
  const texts: string[] = [];
  const errors: DescribedError[] = [];
  const fields: Record<string, unknown> = {};
  let stack: string | undefined;
  for (const value of [message, ...rest]) {
    if (value instanceof Error) errors.push(describeError(value));
    else if (typeof value === 'string' && isStack(value)) stack = value;
    else if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null) addFields(fields, errors, value);
    else if (value !== undefined) texts.push(`${value as number}`);
  }
  const text = texts.join(' ') || (errors[0]?.message ?? '');
  return { time, level, context, message: text, fields, errors, stack };
}

function isContext(value: unknown): boolean {
  return typeof value === 'string' && !isStack(value);
}

function isStack(text: string): boolean {
  return /\n\s+at /.test(text);
}

function addFields(fields: Record<string, unknown>, errors: DescribedError[], value: object): void {
  const entries = Array.isArray(value) ? [['values', value] as const] : Object.entries(value);
  for (const [name, field] of entries) {
    if (field instanceof Error) errors.push(describeError(field));
    else fields[name] = field;
  }
}
