import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { CertificateBatch } from '../certificate/certificate-batch.js';
import type { CertificateEntry } from '../certificate/certificate-entry.js';
import type { CtLog } from '../ct-log/client/ct-log.js';
import { CtLogError } from '../ct-log/client/ct-log-error.js';
import { type FollowedLog, TailingService } from '../ct-log/following/tailing.service.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { Admission } from '../web/admission.js';
import { ApiError } from '../web/api-error.js';
import { addressKey } from '../web/limits/address-key.js';
import { isFull, Slots } from '../web/limits/slots.js';

/** Milliseconds for a log to serve an entry, including the wait for its turn. */
const FETCH_MS = 10_000;
/** Entries that are fetched at the same time, for all clients and for one address. */
const MAX_FETCHES = 16;
const MAX_FETCHES_PER_ADDRESS = 2;
const ALL = 'all';

/** Fetches single entries from the logs that this server follows, for clients. */
@Injectable()
export class EntryFetches {
  private readonly all = new Slots();
  private readonly byAddress = new Slots();

  constructor(
    private readonly tailing: TailingService,
    private readonly admission: Admission,
    @Inject(CertificateFeed) private readonly feed: Pick<CertificateFeed, 'renderer'>,
  ) {}

  /** @throws ApiError `API_ENTRY_BEYOND`, `API_BUSY`, `API_LOG_TIMEOUT`, or with the code of the failure of the log. */
  async fetch(
    { log, status: { treeSize } }: FollowedLog,
    index: number,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<CertificateEntry> {
    if (index >= treeSize) {
      const text = `${log.source.name} has no entry ${index}: its newest known tree has ${treeSize} entries`;
      throw new ApiError('API_ENTRY_BEYOND', 404, text);
    }
    const release = this.takeSlot(request);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const deadline = AbortSignal.timeout(FETCH_MS);
    try {
      const signal = AbortSignal.any([gone.signal, deadline]);
      const batch = await this.tailing.fetchEntry(log, index, signal);
      return new CertificateBatch(batch, this.feed.renderer).entry(0);
    } catch (error) {
      throw answerTo(error, log, deadline.aborted);
    } finally {
      release();
    }
  }

  /** @throws ApiError (`API_BUSY`) */
  private takeSlot(request: IncomingMessage): () => void {
    const address = this.admission.addressOf(request);
    const key = addressKey(address) ?? address;
    const isOfAddress = isFull(this.byAddress.of(key), MAX_FETCHES_PER_ADDRESS);
    if (isOfAddress || isFull(this.all.total, MAX_FETCHES)) {
      throw new ApiError(
        'API_BUSY',
        isOfAddress ? 429 : 503,
        'too many entries are being fetched from logs; try again later',
        { 'Retry-After': 1 },
      );
    }
    const slots = [this.all.take(ALL), this.byAddress.take(key)];
    return () => {
      for (const giveBack of slots) giveBack();
    };
  }
}

function answerTo(error: unknown, { source }: CtLog, isLate: boolean): unknown {
  if (isLate) {
    const text = `${source.name} did not serve the entry within ${FETCH_MS / 1000} s`;
    return new ApiError('API_LOG_TIMEOUT', 504, text, {}, { cause: error });
  }
  if (!(error instanceof CtLogError)) return error;
  const pause = error.retryAfterMs;
  const headers = pause === undefined ? {} : { 'Retry-After': Math.ceil(pause / 1000) };
  const status = error.code === 'CT_TIMEOUT' ? 504 : 502;
  const text = `${source.name} did not serve the entry: ${error.message}`;
  return new ApiError(error.code, status, text, headers, { cause: error });
}
