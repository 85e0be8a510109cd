import type { LoggerService } from '@nestjs/common';

import { formatJson, formatText } from './format-record.js';
import { type RecordLevel, toRecord } from './log-record.js';
import { lostLines, standardOutput } from './log-writer.js';

export interface AppLoggerOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly format: 'text' | 'json';
  /** Writes one line, which ends with a line feed. The default writes to the standard output, and waits for no reader. */
  readonly write?: (line: string) => void;
  /** Returns milliseconds since the epoch. */
  readonly now?: () => number;
}

const SEVERITY: Record<RecordLevel, number> = { fatal: 0, error: 0, warn: 1, info: 2, debug: 3 };

/** Contexts of Nest itself. Their lines about routes and modules are useful to developers only. */
const FRAMEWORK_CONTEXTS = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
  'WebSocketsController',
]);

/** Contexts in which Nest logs an error that it also throws from the start of the application. */
const START_ERROR_CONTEXTS = new Set(['ExceptionHandler', 'NestApplication']);

/**
 * Writes the log; pass it to `NestFactory.create(..., { logger })`. It accepts all arguments that Nest's `Logger` passes on:
 * `logger.warn('message', { log: url, count: 3 })`, `logger.error('message', error)`.
 * All levels go to the standard output, so that lines stay in order.
 */
export class AppLogger implements LoggerService {
  readonly #limit: number;
  readonly #format: typeof formatText;
  readonly #write: (line: string) => void;
  readonly #now: () => number;

  constructor(options: AppLoggerOptions) {
    this.#limit = SEVERITY[options.level];
    this.#format = options.format === 'json' ? formatJson : formatText;
    this.#write = options.write ?? ((line) => standardOutput.write(line, this.#noticeOfLoss));
    this.#now = options.now ?? Date.now;
  }

  fatal(message: unknown, ...params: unknown[]): void {
    this.#log('fatal', message, params);
  }

  error(message: unknown, ...params: unknown[]): void {
    this.#log(START_ERROR_CONTEXTS.has(params.at(-1) as string) ? 'debug' : 'error', message, params);
  }

  warn(message: unknown, ...params: unknown[]): void {
    this.#log('warn', message, params);
  }

  log(message: unknown, ...params: unknown[]): void {
    this.#log(FRAMEWORK_CONTEXTS.has(params.at(-1) as string) ? 'debug' : 'info', message, params);
  }

  debug(message: unknown, ...params: unknown[]): void {
    this.#log('debug', message, params);
  }

  verbose(message: unknown, ...params: unknown[]): void {
    this.#log('debug', message, params);
  }

  readonly #noticeOfLoss = (lost: number): string =>
    this.#line('warn', lostLines(lost, 'output'), [{ lost }, 'AppLogger']);

  #log(level: RecordLevel, message: unknown, params: readonly unknown[]): void {
    if (SEVERITY[level] > this.#limit) return;
    this.#write(this.#line(level, message, params));
  }

  #line(level: RecordLevel, message: unknown, params: readonly unknown[]): string {
    return `${this.#format(toRecord(this.#now(), level, message, params))}\n`;
  }
}
