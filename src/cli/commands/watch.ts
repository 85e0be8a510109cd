import { systemClock } from '../../kernel/clock.js';
import { runUntilSignal } from '../run-until-signal.js';
import { endStartPhase, letHotCodeBeOptimised } from '../start-flags.js';
import { UsageError } from '../usage-error.js';
import { localFilter } from '../watch/local-selection.js';
import { WatchPrinter } from '../watch/watch-printer.js';
import { WatchSession } from '../watch/watch-session.js';

/** Path of each stream below the URL of a server that ends with a slash: the defaults of all certstream servers. */
const PATHS = { lite: '', full: 'full-stream', domains: 'domains-only' } as const;

export interface WatchOptions {
  readonly url: string;
  /** Default: the stream of the URL. */
  readonly stream?: keyof typeof PATHS;
  /** Values by field, as in a query. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
  readonly unique: boolean;
  readonly since?: string;
  readonly token?: string;
  readonly limit?: number;
  readonly json: boolean;
}

/** Prints the certificates of a stream until a signal arrives, with totals at the end. */
export async function watch(options: WatchOptions): Promise<void> {
  const url = streamUrl(options);
  const hasFilter = [...options.filters.values()].some((terms) => terms.length > 0);
  const filter = hasFilter ? await localFilter(url.searchParams) : undefined;
  endStartPhase();
  letHotCodeBeOptimised();
  const printer: WatchPrinter = new WatchPrinter(process, {
    json: options.json,
    onFull: () => session.pause(),
    onDrain: () => session.resume(),
  });
  const session: WatchSession = new WatchSession({ ...options, url, filter, printer, clock: systemClock });
  const startedAt = performance.now();
  let running: Promise<void> | undefined;
  await runUntilSignal(() => {
    running = session.run();
    return Promise.resolve({
      async stop() {
        session.stop();
        await running?.catch(() => undefined);
        printer.note(totals(printer.printed, session, performance.now() - startedAt));
      },
    });
  });
  if (running === undefined) return;
  await running;
  if (options.limit !== undefined && printer.printed >= options.limit)
    printer.note(totals(printer.printed, session, performance.now() - startedAt));
}

/**
 * Returns the URL of the stream with the filter in its query.
 * @throws UsageError
 */
function streamUrl({
  url: text,
  stream,
  filters,
  unique,
}: Pick<WatchOptions, 'url' | 'stream' | 'filters' | 'unique'>): URL {
  const complete = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `ws://${text}`;
  const written = complete.replace(/^http(s?):\/\//i, 'ws$1://');
  if (!URL.canParse(written) || !/^wss?:\/\/[^/]/i.test(written))
    throw new UsageError(
      `${JSON.stringify(text)} is not the URL of a server; use for example wss://certstream.example.com/`,
    );
  const url = new URL(written);
  url.hash = '';
  if (stream !== undefined) {
    if (!url.pathname.endsWith('/'))
      throw new UsageError(
        `${JSON.stringify(text)} names a stream; leave out --stream, or end the URL of the server with /`,
      );
    url.pathname += PATHS[stream];
  }
  for (const [field, terms] of filters) for (const term of terms) url.searchParams.append(field, term);
  if (unique) url.searchParams.set('unique', '1');
  return url;
}

function totals(printed: number, { missed, reconnects }: WatchSession, ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = [`${printed} certificates in ${seconds} s`];
  if (missed > 0) parts.push(`${missed} missing`);
  if (reconnects > 0) parts.push(`${reconnects} reconnections`);
  return parts.join(', ');
}
