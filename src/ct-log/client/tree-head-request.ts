import type { SignedTreeHead } from './ct-log-client.js';
import { type CtHttp, Revalidation } from './http/ct-http.js';
import type { HttpCounters } from '../../http1/http1-client.js';

const MAX_TREE_HEAD_BYTES = 64 * 1024;

/** The question for the tree head of one log. A head that has not changed costs neither its bytes nor its signature. */
export class TreeHeadRequest {
  private readonly revalidation = new Revalidation();
  private last: { readonly body: Buffer; readonly head: SignedTreeHead } | undefined;

  constructor(
    private readonly http: CtHttp,
    private readonly url: string,
    private readonly counters: HttpCounters,
    private readonly decode: (body: Buffer) => SignedTreeHead,
  ) {}

  /** The very object of the time before when nothing has changed. @throws what `decode` and {@link CtHttp.get} throw. */
  async get(signal: AbortSignal): Promise<SignedTreeHead> {
    const { counters, revalidation } = this;
    const request = { signal, counters, maxBytes: MAX_TREE_HEAD_BYTES, isHead: true, revalidation };
    const body = await this.http.get(this.url, request);
    if (this.last === undefined || !body.equals(this.last.body)) {
      this.last = { body, head: this.decoded(body) };
    }
    return this.last.head;
  }

  /** What is of no use is not asked for by its ETag, with which the right answer may have come damaged. */
  private decoded(body: Buffer): SignedTreeHead {
    try {
      return this.decode(body);
    } catch (error) {
      this.revalidation.body = undefined;
      throw error;
    }
  }
}
