import { existsSync } from 'node:fs';
import type * as Yaml from 'yaml';
import { CONFIG_PATHS } from '../config/config-paths.js';
import { readBoundedFileSync } from '../kernel/bounded-file.js';
import { lazyModule } from '../kernel/lazy-module.js';
import { formatJson, formatText } from '../logging/format-record.js';
import { type RecordLevel, toRecord } from '../logging/log-record.js';
import { lostLines, standardError } from '../logging/log-writer.js';
import { printable } from '../logging/printable.js';

/** Most runs write no such line. */
const yaml = lazyModule('yaml') as () => typeof Yaml;

export type LineFormat = 'text' | 'json';

const MAX_CONFIG_BYTES = 1024 * 1024;
const CONTEXT = 'Certstream';
/** Commands whose output is a log. */
const SERVERS = new Set(['serve', 'demo']);

/**
 * Returns `log.format` for lines before, after and without the logger of the server, as far as it can be known: the configuration may
 * have mistakes, or may be what cannot be read. Commands that print for people have `text`.
 * @param argv the command line after the name of the program.
 */
export function lineFormat(
  argv: readonly string[] = process.argv.slice(2),
  environment: NodeJS.ProcessEnv = process.env,
): LineFormat {
  const given = argv.findIndex((word) => word === '-c' || word === '--config');
  const command = argv.find((word, at) => !word.startsWith('-') && (given < 0 || at !== given + 1));
  if (command !== undefined && !SERVERS.has(command) && !/^\d+$/.test(command)) return 'text';
  const variable = environment['CERTSTREAM_LOG_FORMAT'];
  if (variable) return variable.trim().toLowerCase() === 'json' ? 'json' : 'text';
  const inline = argv.find((word) => word.startsWith('--config='))?.slice('--config='.length);
  const path = inline ?? (given < 0 ? CONFIG_PATHS.find((one) => existsSync(one)) : argv[given + 1]);
  return path !== undefined && writtenFormat(path) === 'json' ? 'json' : 'text';
}

function writtenFormat(path: string): unknown {
  try {
    const text = readBoundedFileSync(path, MAX_CONFIG_BYTES).toString();
    return yaml().parseDocument(text, { logLevel: 'silent', prettyErrors: false }).getIn(['log', 'format']);
  } catch {
    return undefined;
  }
}

/** Returns a line in the format of the log, with a line feed. In text it is the message alone. */
export function fatalLine(message: string, format: LineFormat, code?: string): string {
  if (format === 'text') return `${printable(message)}\n`;
  const fields = code === undefined ? [] : [{ code }];
  return `${formatJson(toRecord(Date.now(), 'fatal', message, [...fields, CONTEXT]))}\n`;
}

/** Writes a line of a running server to the standard error. It is lost and counted if nothing reads that output. */
export function writeError(line: string, format: LineFormat): void {
  standardError.write(line, (lost) => fatalLine(lostLines(lost, 'error'), format));
}

/** Writes uncaught errors, which end the process with 1, and warnings of Node to the standard error in the format of the log. */
export function logProcessEvents(format: () => LineFormat = lineFormat): void {
  const write = (level: RecordLevel, message: string, error: unknown): void => {
    const record = toRecord(Date.now(), level, message, [error, CONTEXT]);
    const form = format();
    writeError(`${form === 'json' ? formatJson(record) : formatText(record)}\n`, form);
  };
  process.on('uncaughtException', (error) => {
    write('fatal', 'an error was not caught; the process ends', error);
    process.exit(1);
  });
  // Without a listener, warnings are switched off.
  if (process.listenerCount('warning') === 0) return;
  process.removeAllListeners('warning');
  process.on('warning', (warning) =>
    write('warn', `${warning.name}: ${warning.message}`, { stack: warning.stack }),
  );
}
