import type { KeyObject } from 'node:crypto';
import type { CertstreamConfig } from '../../config/config-schema.js';
import type { CtHttpClient } from '../client/http/ct-http-client.js';
import { type LogList, parseLogList } from './log-list.js';
import {
  logListCachePath,
  readLogListCache,
  type SignedLogList,
  writeLogListCache,
} from './log-list-cache.js';
import { LogListError } from './log-list-error.js';
import { readLogListKey, verifyLogList } from './log-list-signature.js';

const REQUEST_TIMEOUT_MS = 15_000;
const MAX_LIST_BYTES = 16 * 1024 * 1024;
const MAX_SIGNATURE_BYTES = 16 * 1024;
/** A list with a smaller share of the logs of the list in use is refused as a mistake, unless that list has few logs. */
const LEAST_REMAINING = 1 / 4;
const FEW_LOGS = 8;

/** LogListSource reads the log list from the network or from disk and checks its signature in both cases. */
export class LogListSource {
  private readonly key: KeyObject | undefined;
  private readonly cachePath: string;
  private readonly signatureUrl: string;
  private cached: Buffer | undefined;

  /** @throws LogListError (`CT_LOG_LIST_KEY`) */
  constructor(
    private readonly config: CertstreamConfig['log_list'],
    private readonly http: CtHttpClient,
  ) {
    this.key = config.verify_signature ? readLogListKey(config.public_key_path) : undefined;
    this.cachePath = logListCachePath(config.cache_file);
    this.signatureUrl = config.signature_url || signatureUrlOf(config.url);
  }

  /**
   * Downloads the list, verifies it, compares it with the list in use and writes it to the cache file.
   * @param onUnwritable called when the cache file cannot be written.
   * @throws CtLogError, LogListError
   */
  async download(
    current: LogList | undefined,
    signal: AbortSignal,
    onUnwritable: (error: unknown) => void,
  ): Promise<LogList> {
    const signed = await this.fetch(signal);
    const list = this.open(signed);
    checkAgainst(list, current);
    if (this.cached?.equals(signed.list) !== true) {
      try {
        await writeLogListCache(this.cachePath, this.config.url, signed);
        this.cached = signed.list;
      } catch (error) {
        onUnwritable(error);
      }
    }
    return list;
  }

  /** Reads the last good list from the cache file and verifies it. @returns undefined without such a file. @throws LogListError */
  async readCache(): Promise<LogList | undefined> {
    const signed = await readLogListCache(this.cachePath, this.config.url);
    if (signed === undefined) return undefined;
    const list = this.open(signed);
    checkAgainst(list, undefined);
    this.cached = signed.list;
    return list;
  }

  private async fetch(signal: AbortSignal): Promise<SignedLogList> {
    const request = { signal, timeoutMs: REQUEST_TIMEOUT_MS };
    const list = await this.http.get(this.config.url, { ...request, maxBytes: MAX_LIST_BYTES });
    if (this.key === undefined) return { list };
    return {
      list,
      signature: await this.http.get(this.signatureUrl, { ...request, maxBytes: MAX_SIGNATURE_BYTES }),
    };
  }

  private open({ list, signature }: SignedLogList): LogList {
    if (this.key !== undefined) verifyLogList(list, signature ?? Buffer.alloc(0), this.key);
    return parseLogList(list);
  }
}

function checkAgainst(list: LogList, current: LogList | undefined): void {
  const { length } = list.logs;
  if (length === 0) throw new LogListError('CT_LOG_LIST_SHRUNKEN', 'the log list has no log to follow');
  if (current === undefined) return;
  const before = current.logs.length;
  if (before >= FEW_LOGS && length < before * LEAST_REMAINING) {
    throw new LogListError(
      'CT_LOG_LIST_SHRUNKEN',
      `the log list shrank from ${before} logs to ${length}; restart the server to use it`,
    );
  }
  if (list.timestamp !== undefined && current.timestamp !== undefined && list.timestamp < current.timestamp) {
    throw new LogListError('CT_LOG_LIST_OLDER', 'the log list is older than the one in use');
  }
}

function signatureUrlOf(listUrl: string): string {
  const url = new URL(listUrl);
  url.pathname = `${url.pathname.replace(/\.json$/, '')}.sig`;
  return url.href;
}
