import type { BodyBuffers } from './body-buffers.js';
import { HttpRefusedBodyError, HttpTimeoutError, HttpTooLargeError } from './http-errors.js';
import type { GiveUp, ResponseFields, ResponseReceiver } from './http-messages.js';

/** Octets that are read of the body of a response whose status is not 200, so that its connection can be reused. */
const MAX_DRAINED_BYTES = 64 * 1024;
const MAX_DRAIN_MS = 5000;
const NOTHING = Buffer.alloc(0);

/** A response whose body is still in its Content-Encoding. Only a response with status 200 has a body. */
export interface HttpResponse {
  readonly status: number;
  readonly fields: ResponseFields;
  readonly body: Buffer;
  /** The buffer that contains `body`; see `Http1Client.recycle`. */
  readonly memory: Buffer;
}

export interface CollectorOptions {
  /** Greatest length of the body, octets. */
  readonly maxBytes: number;
  /** Whether the caller keeps an uncompressed body. Its buffer is then exactly as long as the body. */
  readonly keepsBody?: boolean;
  /** Called with the length of each piece of the body. When it returns false, the request fails. */
  readonly onBytes?: ((bytes: number) => boolean) | undefined;
}

/** Receives one response into one buffer, and settles `response` exactly once. */
export class BodyCollector implements ResponseReceiver {
  /** Rejects with one of the errors in http-errors.ts or with the error of the connection. */
  readonly response: Promise<HttpResponse>;
  /** Gives up the request. The client that sends it sets this function. */
  cancel: GiveUp = () => undefined;
  /** Octets of the body received so far. */
  received = 0;
  /** When the head of a response with status 200 arrived, monotonic milliseconds. */
  headAt: number | undefined;
  private memory: Buffer = NOTHING;
  /** Most octets of the body: Content-Length, or `maxBytes`. */
  private limit: number;
  private hasLength = false;
  private fields: ResponseFields = {};
  private isSettled = false;
  private draining: NodeJS.Timeout | undefined;
  private resolve!: (response: HttpResponse) => void;
  private reject!: (error: Error) => void;

  constructor(
    private readonly buffers: BodyBuffers,
    private readonly options: CollectorOptions,
  ) {
    this.limit = options.maxBytes;
    this.response = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Ends the request with `error`, unless it has already ended. */
  fail(error: Error): void {
    if (this.isSettled) return;
    this.settle(error);
    this.cancel();
  }

  /** Ends the request with a timeout. */
  timeOut(): void {
    if (this.isSettled) return;
    const reason = this.cancel();
    this.settle(new HttpTimeoutError(reason, reason !== undefined));
  }

  onHead(status: number, fields: ResponseFields): void {
    if (status !== 200) {
      this.isSettled = true;
      this.draining = setTimeout(() => this.stopDraining(), MAX_DRAIN_MS);
      this.draining.unref();
      return this.resolve({ status, fields, body: NOTHING, memory: NOTHING });
    }
    this.fields = fields;
    this.headAt = performance.now();
    const { maxBytes, keepsBody = false } = this.options;
    const length = Number(fields['content-length'] ?? Number.NaN);
    if (length > maxBytes) this.fail(tooLarge(maxBytes));
    else if (Number.isSafeInteger(length) && length > 0) {
      const isKept = keepsBody && fields['content-encoding'] === undefined;
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
    if (end > this.limit) return this.fail(tooLarge(this.options.maxBytes));
    if (this.options.onBytes?.(chunk.length) === false)
      return this.fail(new HttpRefusedBodyError('the caller refused the body'));
    if (end > this.memory.length) this.grow(end);
    this.memory.set(chunk, this.received);
    this.received = end;
  }

  onEnd(): void {
    clearTimeout(this.draining);
    if (this.isSettled) return;
    if (this.hasLength && this.received < this.limit)
      return this.settle(new Error('body shorter than Content-Length'));
    this.isSettled = true;
    const { memory, fields } = this;
    this.resolve({ status: 200, fields, body: memory.subarray(0, this.received), memory });
  }

  onError(error: Error): void {
    clearTimeout(this.draining);
    if (!this.isSettled) this.settle(error);
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

  private stopDraining(): void {
    clearTimeout(this.draining);
    this.cancel();
  }
}

function tooLarge(maxBytes: number): Error {
  return new HttpTooLargeError(`the body is larger than ${maxBytes} bytes`);
}
