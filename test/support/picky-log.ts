import { clientServices } from '../../src/ct-log/client/client-services.js';
import type { ClientProblems } from '../../src/ct-log/client/client-problems.js';
import { Rfc6962Client } from '../../src/ct-log/client/rfc6962/rfc6962-client.js';
import { pageJson } from './ct-log-bytes.js';
import { FAKE_SOURCE, FakeCtLog } from './fake-ct-log.js';
import { httpFromGet } from './http-from-get.js';
import type { VirtualClock } from './virtual-clock.js';

/** The largest page that the log serves. */
const PAGE = 256;

/** A log over the real client of RFC 6962, of which a test decides which requests for entries fail. */
export class PickyLog extends FakeCtLog {
  /** What a request for the entries [start, end) fails with. */
  refuses: (start: number, end: number, time: number) => Error | undefined = () => undefined;
  /** Every request for entries that went out: start, end, whether it failed. */
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

  /** Share of the requests from the n-th on that failed. */
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
