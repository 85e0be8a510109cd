import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { CertificateEntry } from '../certificate/certificate-entry.js';
import { withoutScheme } from '../config/log-url.js';
import { LogReports } from '../ct-log/following/log-reports.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { withoutTrailingSlashes } from '../kernel/trim.js';
import { ApiError } from '../web/api-error.js';
import { EntryFetches } from './entry-fetches.js';
import { JournalLookup } from './lookup/journal-lookup.js';

/**
 * Returns single entries by their log and index. An entry that the journal does not hold is fetched from its log, by the server that follows
 * the log: the requests to an operator are kept in one process.
 */
@Injectable()
export class LogEntries {
  constructor(
    private readonly tailing: TailingService,
    private readonly reports: LogReports,
    private readonly lookup: JournalLookup,
    private readonly fetches: EntryFetches,
  ) {}

  /**
   * @param log the log id in base64, base64url or hexadecimal, the URL with or without scheme, or the name.
   * @throws ApiError `API_LOG_UNKNOWN`; of a log of this server those of {@link EntryFetches.fetch}; of a log of another member
   *   `API_INDEX_BUILDING` and `API_LOG_ELSEWHERE`.
   */
  async get(
    log: string,
    index: number,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<CertificateEntry> {
    const own = this.tailing.followed().find(({ log: { source } }) => isNamed(source, log));
    if (own === undefined) return this.getOfOther(log, index);
    const kept = await this.lookup.entry(own.log.source.url, index);
    return kept ?? this.fetches.fetch(own, index, request, response);
  }

  /** Returns an entry of a log that another member of the cluster follows. */
  private async getOfOther(log: string, index: number): Promise<CertificateEntry> {
    const report = this.reports.others().find(({ log_id, ...rest }) => {
      return isNamed({ ...rest, ...(log_id !== null && { logId: log_id }) }, log);
    });
    if (report === undefined)
      throw new ApiError('API_LOG_UNKNOWN', 404, 'this server follows no such log; /logs lists the logs');
    const kept = await this.lookup.keptEntry(report.url, index);
    if (kept !== undefined) return kept;
    const { name, member } = report;
    const text = `the journal does not hold entry ${index} of ${name}, and only the member that follows the log, ${member}, fetches older entries`;
    throw new ApiError('API_LOG_ELSEWHERE', 404, text);
  }
}

interface NamedLog {
  readonly name: string;
  readonly url: string;
  readonly logId?: string;
}

function isNamed({ name, url, logId }: NamedLog, text: string): boolean {
  const wanted = text.toLowerCase();
  if (name.toLowerCase() === wanted) return true;
  const key = withoutTrailingSlashes(withoutScheme(url)).toLowerCase();
  if (key === wanted.replace(/^https?:\/\//, '').replace(/\/{1,9}$/, '')) return true;
  return logId !== undefined && formsOf(logId).some((form) => form === text || form === wanted);
}

/** Returns a log id (RFC 6962, 3.2) in hexadecimal, and in base64 and base64url with and without padding. */
function formsOf(base64: string): string[] {
  const id = Buffer.from(base64, 'base64');
  const base64url = id.toString('base64url');
  return [id.toString('hex'), base64, base64.replace(/=+$/, ''), base64url, `${base64url}=`];
}
