import { clientServices } from '../../src/ct-log/client/client-services.js';
import type { ClientProblems } from '../../src/ct-log/client/client-problems.js';
import { Rfc6962Client } from '../../src/ct-log/client/rfc6962/rfc6962-client.js';
import { pageJson } from './ct-log-bytes.js';
import { FAKE_SOURCE, FakeCtLog } from './fake-ct-log.js';
import { httpFromGet } from './http-from-get.js';
import type { VirtualClock } from './virtual-clock.js';

/** The largest page that the log serves. */
const PAGE = 256;

/** A log behind the real client for RFC 6962. A test decides which requests for entries fail. */
export class PickyLog extends FakeCtLog {
  /** Returns the error of a request for the entries [start, end); undefined when it succeeds. */
  refuses: (start: number, end: number, time: number) => Error | undefined = () => undefined;
  /** Every request for entries: start, end, time, and whether it failed. */
  readonly sent: { start: number; end: number; failed: boolean; time: number }[] = [];
  private readonly real: Rfc6962Client;

  constructor(
    private readonly time: VirtualClock,
    problems?: ClientProblems,
  ) {
    super(time, undefined);
    const http = httpFromGet((url) => this.page(new URL(url).searchParams));
    this.real = new Rfc6962Client(
      { source: FAKE_SOURCE, configured: false },
      http,
      clientServices({ problems }),
    );
    Object.defineProperty(this, 'pageSize', { get: () => this.real.pageSize });
    this.getEntries = (start, end, treeSize, signal = new AbortController().signal) =>
      this.real.getEntries(start, end, treeSize, signal);
  }

  /** Returns the share of failed requests from the n-th on. */
  failedShare(from = 0): number {
    const sent = this.sent.slice(from);
    return sent.filter(({ failed }) => failed).length / sent.length;
  }

  private async page(query: URLSearchParams): Promise<Buffer> {
    const start = Number(query.get('start'));
    const end = Number(query.get('end')) + 1;
    const error = this.refuses(start, end, this.time.time);
    this.sent.push({ start, end, failed: error !== undefined, time: this.time.time });
    if (error !== undefined) throw error;
    const served = Math.min(end, start - (start % PAGE) + PAGE);
    const entries = Array.from({ length: served - start }, (_, i) => ({ timestamp: start + i }));
    return Promise.resolve(Buffer.from(pageJson(entries)));
  }
}
