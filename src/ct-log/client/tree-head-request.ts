import type { SignedTreeHead } from './ct-log-client.js';
import type { CtHttp } from './http/ct-http.js';
import { Revalidation } from './http/revalidation.js';
import type { HttpCounters } from '../../http1/http1-client.js';

/** A checkpoint may have at least 16 cosignatures of nearly 5 kB (C2SP signed-note), which are a third longer in base64. */
const MAX_TREE_HEAD_BYTES = 256 * 1024;

/** TreeHeadRequest fetches the tree head of one log. An unchanged head is neither transferred nor verified again. */
export class TreeHeadRequest {
  private readonly revalidation = new Revalidation();
  private last: { readonly body: Buffer; readonly head: SignedTreeHead } | undefined;

  constructor(
    private readonly http: CtHttp,
    private readonly url: string,
    private readonly counters: HttpCounters,
    private readonly decode: (body: Buffer) => SignedTreeHead,
  ) {}

  /**
   * Returns the newest head: the same object as before if it has not changed.
   * @throws the errors of `decode` and {@link CtHttp.get}.
   */
  async get(signal: AbortSignal): Promise<SignedTreeHead> {
    const { counters, revalidation } = this;
    const request = { signal, counters, maxBytes: MAX_TREE_HEAD_BYTES, isHead: true, revalidation };
    const body = await this.http.get(this.url, request);
    if (this.last === undefined || !body.equals(this.last.body)) {
      this.last = { body, head: this.decoded(body) };
    }
    return this.last.head;
  }

  /** Decodes a body. An invalid body is not revalidated by its ETag, because a correct answer may have been damaged in transit. */
  private decoded(body: Buffer): SignedTreeHead {
    try {
      return this.decode(body);
    } catch (error) {
      this.revalidation.forget();
      throw error;
    }
  }
}
