import {
  CtHttpStatusError,
  CtNetworkError,
  CtNoRoomError,
  CtTimeoutError,
  CtTooLargeError,
} from '../ct-log-error.js';
import type { BodyBuffers } from '../../../http1/body-buffers.js';
import {
  type GiveUp,
  HttpTimeoutError,
  type ResponseFields,
  type ResponseReceiver,
} from '../../../http1/http-transport.js';
import { parseRetryAfter } from '../../../http1/retry-after.js';

/** What is read of the body of a failed request, so that its connection can be used again. */
const MAX_DRAINED_BYTES = 64 * 1024;
const MAX_DRAIN_MS = 5000;
const NOTHING = Buffer.alloc(0);

/** A response with status 200, still in its Content-Encoding. */
export interface RawResponse {
  readonly body: Buffer;
  /** What `body` is part of; may be given to {@link BodyBuffers} when nobody reads it any more. */
  readonly memory: Buffer;
  readonly fields: ResponseFields;
}

export interface CollectorOptions {
  /** Whether an older answer is known, so that 304 is one too. */
  readonly isConditional?: boolean;
  /** Whether the body outlives the request, as it comes: then its memory is no larger than it. */
  readonly isKept?: boolean;
  /** See `CtHttpRequest.onBytes`. */
  readonly onBytes?: (bytes: number) => boolean;
}

/** Receives one response into one buffer of at most `maxBytes`, and settles `response` exactly once. */
export class BodyCollector implements ResponseReceiver {
  /** Undefined: 304, the answer that is known is still right. */
  readonly response: Promise<RawResponse | undefined>;
  /** Ends the request. Set by who sends it. */
  cancel: GiveUp = () => undefined;
  /** Body bytes so far. */
  received = 0;
  /** When the head of a 200 answer came, monotonic milliseconds. */
  headAt: number | undefined;
  private memory: Buffer = NOTHING;
  /** Of the body: Content-Length, or `maxBytes`. */
  private limit: number;
  private hasLength = false;
  private fields: ResponseFields = {};
  private isUnchanged = false;
  private isSettled = false;
  private draining: NodeJS.Timeout | undefined;
  private resolve!: (response: RawResponse | undefined) => void;
  private reject!: (error: Error) => void;

  constructor(
    private readonly url: string,
    private readonly maxBytes: number,
    private readonly buffers: BodyBuffers,
    private readonly options: CollectorOptions = {},
  ) {
    this.limit = maxBytes;
    this.response = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Ends the request with `error`; the first one wins. */
  fail(error: Error): void {
    if (this.isSettled) return;
    this.settle(error);
    this.cancel();
  }

  /** Ends the request since its answer does not come. */
  timeOut(): void {
    if (this.isSettled) return;
    const reason = this.cancel();
    this.settle(new CtTimeoutError(this.url, { reason, isUnsent: reason !== undefined }));
  }

  onHead(status: number, fields: ResponseFields): void {
    if (status === 304 && this.options.isConditional === true) {
      this.isUnchanged = true;
      return;
    }
    if (status !== 200) {
      this.failAndDrain(
        new CtHttpStatusError(this.url, status, parseRetryAfter(fields['retry-after'], Date.now())),
      );
      return;
    }
    this.fields = fields;
    this.headAt = performance.now();
    const length = Number(fields['content-length'] ?? Number.NaN);
    if (length > this.maxBytes) this.fail(new CtTooLargeError(this.url, this.maxBytes));
    else if (Number.isSafeInteger(length) && length > 0) {
      const isKept = this.options.isKept === true && fields['content-encoding'] === undefined;
      this.memory = isKept ? Buffer.allocUnsafeSlow(length) : this.buffers.take(length);
      this.limit = length;
      this.hasLength = true;
    }
  }

  onData(chunk: Buffer): void {
    if (this.isSettled) {
      this.received += chunk.length;
      if (this.received > MAX_DRAINED_BYTES) this.stopDraining();
      return;
    }
    const end = this.received + chunk.length;
    if (end > this.limit) {
      this.fail(new CtTooLargeError(this.url, this.maxBytes));
      return;
    }
    if (this.options.onBytes?.(chunk.length) === false) return this.fail(new CtNoRoomError(this.url));
    if (end > this.memory.length) this.grow(end);
    this.memory.set(chunk, this.received);
    this.received = end;
  }

  onEnd(): void {
    clearTimeout(this.draining);
    if (this.isSettled) return;
    if (this.isUnchanged) {
      this.isSettled = true;
      return this.resolve(undefined);
    }
    if (this.hasLength && this.received < this.limit) {
      return this.settle(new CtNetworkError(this.url, 'body shorter than Content-Length'));
    }
    this.isSettled = true;
    const { memory, fields } = this;
    this.resolve({ body: memory.subarray(0, this.received), memory, fields });
  }

  onError(error: Error): void {
    clearTimeout(this.draining);
    if (this.isSettled) return;
    this.settle(
      error instanceof HttpTimeoutError
        ? new CtTimeoutError(this.url, {
            reason: error.message,
            cause: error,
            isUnsent: this.headAt === undefined,
          })
        : new CtNetworkError(this.url, error),
    );
  }

  private settle(error: Error): void {
    this.isSettled = true;
    this.buffers.give(this.memory);
    this.memory = NOTHING;
    this.reject(error);
  }

  private grow(bytes: number): void {
    const larger = this.buffers.take(this.memory.length === 0 && bytes < 65_536 ? undefined : 2 * bytes);
    larger.set(this.memory.subarray(0, this.received));
    this.buffers.give(this.memory);
    this.memory = larger;
  }

  /** Fails at once; the rest of the body is read to the end if it is short. */
  private failAndDrain(error: Error): void {
    this.settle(error);
    this.draining = setTimeout(() => this.stopDraining(), MAX_DRAIN_MS);
    this.draining.unref();
  }

  private stopDraining(): void {
    clearTimeout(this.draining);
    this.cancel();
  }
}
