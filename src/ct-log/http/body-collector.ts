import type { Dispatcher } from 'undici';
import {
  CtAbortedError,
  CtHttpStatusError,
  CtNetworkError,
  CtTimeoutError,
  CtTooLargeError,
} from '../ct-log-error.js';
import { parseRetryAfter } from './retry-after.js';

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/** What is read of the body of a failed request, so that its connection can be used again. */
const MAX_DRAINED_BYTES = 64 * 1024;
const MAX_DRAIN_MS = 5000;

/** A response with status 200, still in its Content-Encoding. */
export interface RawResponse {
  readonly body: Buffer;
  readonly contentEncoding: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** Receives one response into one buffer of at most `maxBytes`, and settles `response` exactly once. */
export class BodyCollector implements Dispatcher.DispatchHandler {
  /** Undefined: 304, the answer that is known is still right. */
  readonly response: Promise<RawResponse | undefined>;
  /** Body bytes so far. */
  received = 0;
  private readonly chunks: Buffer[] = [];
  /** Preallocated where Content-Length tells the size. */
  private target: Buffer | undefined;
  private headers: Headers = {};
  private isUnchanged = false;
  private controller: Dispatcher.DispatchController | undefined;
  private failure: Error | undefined;
  private draining: NodeJS.Timeout | undefined;
  private resolve!: (response: RawResponse | undefined) => void;
  private reject!: (error: Error) => void;

  constructor(
    private readonly url: string,
    private readonly maxBytes: number,
    /** Whether an older answer is known, so that 304 is one too. */
    private readonly isConditional = false,
  ) {
    this.response = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Ends the request with `error`; the first one wins. */
  fail(error: Error): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.reject(error);
    this.controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.failure !== undefined) controller.abort(this.failure);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    if (status === 304 && this.isConditional) {
      this.isUnchanged = true;
      return;
    }
    if (status !== 200) {
      const retryAfterMs = parseRetryAfter(single(headers['retry-after']), Date.now());
      this.failAndDrain(new CtHttpStatusError(this.url, status, retryAfterMs));
      return;
    }
    this.headers = headers;
    const length = Number(single(headers['content-length']) ?? Number.NaN);
    if (length > this.maxBytes) this.fail(new CtTooLargeError(this.url, this.maxBytes));
    else if (Number.isSafeInteger(length) && length > 0) this.target = Buffer.allocUnsafeSlow(length);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.failure !== undefined) {
      this.received += chunk.length;
      if (this.received > MAX_DRAINED_BYTES) this.controller?.abort(this.failure);
      return;
    }
    const end = this.received + chunk.length;
    if (end > (this.target?.length ?? this.maxBytes)) {
      this.fail(new CtTooLargeError(this.url, this.maxBytes));
      return;
    }
    if (this.target === undefined) this.chunks.push(chunk);
    else chunk.copy(this.target, this.received);
    this.received = end;
  }

  onResponseEnd(): void {
    clearTimeout(this.draining);
    if (this.failure !== undefined) return;
    if (this.isUnchanged) return this.resolve(undefined);
    const body = this.target ?? Buffer.concat(this.chunks, this.received);
    if (body.length !== this.received)
      this.fail(new CtNetworkError(this.url, 'body shorter than Content-Length'));
    else
      this.resolve({
        body,
        contentEncoding: single(this.headers['content-encoding']),
        etag: single(this.headers.etag),
        lastModified: single(this.headers['last-modified']),
      });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.draining);
    this.fail(classify(this.url, error));
  }

  /** Fails at once; the rest of the body is read to the end if it is short. */
  private failAndDrain(error: Error): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.reject(error);
    this.draining = setTimeout(() => this.controller?.abort(error), MAX_DRAIN_MS);
    this.draining.unref();
  }
}

function classify(url: string, error: Error): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && /^UND_ERR_(HEADERS|BODY|CONNECT)_TIMEOUT$/.test(code)) {
    return new CtTimeoutError(url, { cause: error });
  }
  return error.name === 'AbortError' ? new CtAbortedError(url) : new CtNetworkError(url, error);
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
