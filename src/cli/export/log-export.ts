import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { createCtLogClient } from '../../ct-log/client/create-ct-log-client.js';
import type { CtLogClient, SignedTreeHead } from '../../ct-log/client/ct-log-client.js';
import type { CtHttpClient } from '../../ct-log/client/http/ct-http-client.js';
import { withDataTiles } from '../../ct-log/log-list/data-tile-logs.js';
import { LogRequests } from '../../ct-log/scheduling/log-requests.js';
import { RequestScheduler } from '../../ct-log/scheduling/request-scheduler.js';
import { CertstreamError } from '../../kernel/certstream-error.js';
import { systemClock } from '../../kernel/clock.js';
import { findLog } from '../find-log.js';
import { printable } from '../../logging/printable.js';
import { UsageError } from '../usage-error.js';
import { EntryFormat } from './entry-format.js';
import type { ExportFormat } from '../option-values.js';
import { type ExportContent, type ExportFile, type ExportSink, ExportStream } from './export-file.js';
import { formatCount, ProgressBar } from './progress-bar.js';
import type { EntryRange, MissingRange } from './proven-range.js';
import { RangeExport } from './range-export.js';
import { firstIndexSince, parseTime } from './since.js';

/** Tries to fetch an issuer. After that, the chain of its entries ends before it. */
const ISSUER_TRIES = 5;
/** Maximum number of missing ranges that are printed. */
const MAX_PRINTED = 100;

export interface LogExportOptions {
  /** URL of the log, its log id, or a part of its name. */
  readonly log: string;
  /** Index of the first entry. */
  readonly from?: number;
  /** Index of the last entry, inclusive. Default: the newest entry. */
  readonly to?: number;
  /** Time of the first entry, instead of `from`. */
  readonly since?: string;
  /** `-` for the standard output. */
  readonly out: string;
  readonly format: ExportFormat;
  /** Key of a log that the log list does not contain: DER SubjectPublicKeyInfo. */
  readonly key?: Buffer;
  /** Seconds. */
  readonly retryFor: number;
}

/** `EXPORT_INCOMPLETE`: entries are missing. `problems` has one line for each missing range. */
class IncompleteExportError extends CertstreamError {
  readonly problems: readonly string[];

  constructor(missing: readonly MissingRange[], hint: string) {
    const lines = missing.slice(0, MAX_PRINTED).map((range) => `missing: ${nameOf(range)}: ${range.reason}`);
    const more = missing.length - lines.length;
    const count = missing.reduce((sum, { from, to }) => sum + to - from, 0);
    const summary = `${entriesOf(count)} ${count === 1 ? 'is' : 'are'} missing${hint}`;
    super('EXPORT_INCOMPLETE', summary);
    this.problems = [...lines, ...(more > 0 ? [`and ${more} more ranges`] : []), summary];
  }
}

/** LogExport is one run of `certstream-server export`. */
export class LogExport {
  private readonly missing: MissingRange[] = [];

  constructor(
    private readonly options: LogExportOptions,
    private readonly config: CertstreamConfig,
    private readonly http: CtHttpClient,
    private readonly file: ExportFile | undefined,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Exports until the range ends, the log gives no answer for too long, or the signal stops the export.
   * @throws UsageError; IncompleteExportError when entries are missing; CtLogError, LogListError, ExportUnwritableError
   */
  async run(): Promise<void> {
    const { options, config, http, file, signal } = this;
    const complain = (line: string): void => void process.stderr.write(`${printable(line)}\n`);
    const found = await findLog(options.log, { config, http, complain, signal });
    const log = withDataTiles({ ...found, key: options.key ?? found.key }, config.ct_log.data_tile_logs);
    const { url } = log.source;
    if (log.key === undefined)
      complain(`Warning: the key of ${url} is unknown, so its signature is not checked; use --key`);
    const scheduler = RequestScheduler.fromConfig(config, systemClock);
    const requests = LogRequests.of(log, http, config.ct_log, { scheduler, clock: systemClock });
    const warned = new Set<string>();
    const client = createCtLogClient(log, requests, {
      issuerPatience: { tries: ISSUER_TRIES, minutes: 0 },
      problems: {
        count: () => undefined,
        note: (code, message) => {
          if (!warned.has(code)) complain(`Warning: ${message}`);
          warned.add(code);
        },
        settled: () => undefined,
      },
    });
    const head = await client.getTreeHead(signal);
    const range = await this.rangeOf(url, client, head);
    const sink: ExportSink = file ?? new ExportStream(process.stdout, range);
    const { format, since } = options;
    const content: ExportContent = { log: url, format, ...(since && { since }), ...range };
    await file?.begin(content, head.signed);
    if (sink.rest.length === 0) return complain(`${options.out} already contains ${nameOf(range)}`);
    await this.write(sink, range, { client, requests, head, isTiled: log.source.type === 'tiled' });
  }

  private async write(
    sink: ExportSink,
    range: EntryRange,
    source: { client: CtLogClient; requests: LogRequests; head: SignedTreeHead; isTiled: boolean },
  ): Promise<void> {
    const { options, config, missing, signal } = this;
    const todo = [...sink.rest];
    const bar = new ProgressBar(process.stderr, sizeOf(todo));
    const format = new EntryFormat(options.format);
    let current: EntryRange | undefined;
    const settle = () => sink.settle([...missing, ...(current ? [current] : []), ...todo]);
    const exporter = new RangeExport({
      ...source,
      config,
      clock: systemClock,
      retryForMs: options.retryFor * 1000,
      write: async (batch: EntryBatch) => {
        for (const text of format.texts(batch)) await sink.write(text);
        bar.advance(batch.count);
      },
      onRest: (rest) => {
        current = rest.from < rest.to ? rest : undefined;
        return settle();
      },
      addMissing: (gap) => missing.push(gap),
      warn: (line) => bar.line(line),
    });
    const total = sizeOf(todo);
    let outcome: Awaited<ReturnType<RangeExport['run']>> = 'done';
    while (outcome === 'done') {
      current = todo.shift();
      if (current === undefined) break;
      outcome = await exporter.run(current, signal);
      if (outcome !== 'stopped') current = undefined;
    }
    for (const rest of outcome === 'gaveUp' ? todo.splice(0) : [])
      missing.push({ ...rest, reason: 'not requested, because the log did not answer before' });
    await settle();
    bar.clear();
    if (outcome === 'stopped') return;
    this.report(range, total, source.head, exporter.mismatched, format.withoutCertificate);
  }

  /** Prints the summary. @throws IncompleteExportError */
  private report(
    range: EntryRange,
    total: number,
    head: SignedTreeHead,
    mismatched: number,
    withoutCertificate: number,
  ): void {
    const { file, options, missing, config } = this;
    const verified =
      config.ct_log.verification === 'off'
        ? 'not verified (ct_log.verification: off)'
        : `verified against the signed tree of ${formatCount(head.treeSize)} entries`;
    const written = total - sizeOf(missing);
    const lines = [
      `Wrote ${formatCount(written)} of ${entriesOf(total)}${file ? ` to ${options.out}` : ''} (${nameOf(range)}), ${verified}`,
    ];
    if (mismatched > 0)
      lines.push(
        `${entriesOf(mismatched)} without chain or precertificate, because it does not match the leaf`,
      );
    if (withoutCertificate > 0) lines.push(`${entriesOf(withoutCertificate)} without certificate left out`);
    process.stderr.write(`${lines.map((line) => printable(line)).join('\n')}\n`);
    if (missing.length > 0)
      throw new IncompleteExportError(missing, file ? '; run the same command again to request them' : '');
  }

  /** @throws UsageError when the log has no such entries. */
  private async rangeOf(url: string, client: CtLogClient, { treeSize }: SignedTreeHead): Promise<EntryRange> {
    const { from: first, to: last, since } = this.options;
    const to = last === undefined ? treeSize : last + 1;
    if (treeSize === 0) throw new UsageError(`${url} has no entries`);
    if (to > treeSize)
      throw new UsageError(`${url} has no entry ${last}; use an index from 0 to ${treeSize - 1}`);
    const from = first ?? (await this.indexSince(since ?? '', client, treeSize));
    if (from < to) return { from, to };
    if (since !== undefined)
      throw new UsageError(`the log has no entry from ${since} on, up to entry ${to - 1}`);
    throw new UsageError(`${url} has no entry ${from} yet; use an index from 0 to ${treeSize - 1}`);
  }

  /** A run that continues a file begins with the same entry, although `-90m` means another time now. */
  private async indexSince(since: string, client: CtLogClient, treeSize: number): Promise<number> {
    const earlier = this.file?.earlier;
    if (earlier !== undefined && earlier.since === since) return earlier.from;
    return firstIndexSince(client, treeSize, parseTime(since, Date.now()), this.signal);
  }
}

function nameOf({ from, to }: EntryRange): string {
  return to - from === 1 ? `entry ${from}` : `entries ${from} to ${to - 1}`;
}

function sizeOf(ranges: readonly EntryRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

function entriesOf(count: number): string {
  return count === 1 ? '1 entry' : `${formatCount(count)} entries`;
}
