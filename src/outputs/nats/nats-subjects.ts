import type { LogSource } from '../../certificate/entry-batch.js';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';

/**
 * The subjects of one output: one for each log, so that consumers can subscribe to the logs that they want.
 *
 * - `log_id`: `<prefix>.<stream>.<LogID in base64url>`, see {@link logToken}
 * - `rust`: `<prefix>.<operator>.<log>`, as certstream-server-rust writes them, see {@link nameToken}
 */
export class NatsSubjects {
  /** Subject with wildcards that matches all subjects of the output. */
  readonly pattern: string;
  /** Subject with wildcards that matches everything with the prefix. */
  readonly everything: string;
  /** By the URL of the log. */
  private readonly known = new Map<string, string>();

  constructor(private readonly settings: Pick<SettingsOf<'nats'>, 'subject' | 'subject_prefix' | 'stream'>) {
    const { subject, subject_prefix: prefix, stream } = settings;
    this.pattern = `${prefix}.${subject === 'rust' ? '*' : stream}.*`;
    this.everything = `${prefix}.>`;
  }

  get isOfRust(): boolean {
    return this.settings.subject === 'rust';
  }

  /** Returns the subject for the entries of a log. */
  of(source: LogSource): string {
    let subject = this.known.get(source.url);
    if (subject === undefined) {
      subject = this.write(source);
      this.known.set(source.url, subject);
    }
    return subject;
  }

  private write(source: LogSource): string {
    const { subject, subject_prefix: prefix, stream } = this.settings;
    return subject === 'rust'
      ? `${prefix}.${nameToken(source.operator)}.${nameToken(source.name)}`
      : `${prefix}.${stream}.${logToken(source)}`;
  }
}

/**
 * Returns the token of a log: its LogID in base64url without padding (RFC 4648, 5). For a log with an unknown key, it is the URL
 * without scheme, in which every character but letters, digits, `-` and `_` becomes `_`.
 */
export function logToken({ logId, url }: Pick<LogSource, 'logId' | 'url'>): string {
  if (logId !== undefined) return Buffer.from(logId, 'base64').toString('base64url');
  return url.replace(/^[a-z]+:\/\//i, '').replace(/[^A-Za-z0-9_-]/g, '_');
}

/**
 * Returns a name as a token of certstream-server-rust: ASCII letters in lower case and digits; everything between them becomes one
 * `-`; nothing remains at both ends; `unknown` for an empty name.
 */
export function nameToken(name: string): string {
  const token = name.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '');
  return token === '' ? 'unknown' : token.toLowerCase();
}

/** Whether every subject that matches `pattern` also matches `subject`; both may have wildcards. */
export function subjectCovers(subject: string, pattern: string): boolean {
  const wide = subject.split('.');
  const narrow = pattern.split('.');
  for (const [i, token] of wide.entries()) {
    if (token === '>') return i < narrow.length;
    if (i >= narrow.length || narrow[i] === '>') return false;
    if (token !== '*' && token !== narrow[i]) return false;
  }
  return wide.length === narrow.length;
}
