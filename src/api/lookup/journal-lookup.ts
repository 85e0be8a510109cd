import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { CertificateBatch } from '../../certificate/certificate-batch.js';
import type { CertificateEntry } from '../../certificate/certificate-entry.js';
import { digest } from '../../certificate/fingerprint.js';
import { CertificateFeed } from '../../feed/certificate-feed.js';
import { messageOf } from '../../kernel/certstream-error.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { PeriodicWork } from '../../schedule/periodic-work.js';
import { ApiError } from '../../web/api-error.js';
import type { EntryPermission } from '../entry-permission.js';
import { type DigestAlgorithm, DigestIndex, INDEX_CAPACITY } from './digest-index.js';
import { EntryDirectory } from './entry-directory.js';
import type { EntryPlace } from './hash-chunks.js';
import { JournalScan, type ScanTarget } from './journal-scan.js';

/** Milliseconds that a request waits for an index that is being built. */
const BUILD_WAIT_MS = 1000;
/** Milliseconds to read one record. */
const READ_MS = 5000;
/** Milliseconds without a request after which an index is dropped. */
const IDLE_MS = 3_600_000;

const NAMES: Readonly<Record<DigestAlgorithm, string>> = { sha1: 'SHA-1', sha256: 'SHA-256' };

/**
 * Finds entries in the journal. Each kind of index is built at its first request, shared by all requests, kept up to date, and dropped
 * after an hour without requests.
 */
@Injectable()
export class JournalLookup implements OnModuleDestroy {
  private readonly problems = new ProblemLog(new Logger('Api'));
  private readonly scans = new Map<string, JournalScan<ScanTarget>>();

  constructor(
    @Inject(CertificateFeed) private readonly feed: Pick<CertificateFeed, 'journal' | 'renderer'>,
    private readonly periodic: PeriodicWork,
  ) {}

  onModuleDestroy(): void {
    for (const name of this.scans.keys()) this.drop(name);
  }

  /** Entries that the indexes of digests hold now, and how many they can hold. */
  get size(): { readonly entries: number; readonly capacity: number } {
    const scans = [...this.scans.values()].map(({ target }) => target);
    const entries = scans.map((target) => (target instanceof DigestIndex ? target.chunks.entries : 0));
    return { entries: Math.max(0, ...entries), capacity: INDEX_CAPACITY };
  }

  /**
   * Returns the newest entry whose submitted certificate has this digest. Entries that are not permitted do not exist for the caller.
   * @param wanted one character per octet.
   * @throws ApiError `API_CERTIFICATE_UNKNOWN` (404), or `API_INDEX_BUILDING` (503) while the index is being built.
   */
  async certificate(
    algorithm: DigestAlgorithm,
    wanted: string,
    isPermitted: EntryPermission = () => true,
  ): Promise<CertificateEntry> {
    const scan = this.scan(algorithm, () => new DigestIndex(algorithm));
    const found = await this.byDigest(scan.target, algorithm, wanted, isPermitted);
    if (found !== undefined) return found;
    if (!scan.isComplete) {
      await scan.complete(BUILD_WAIT_MS);
      const later = await this.byDigest(scan.target, algorithm, wanted, isPermitted);
      if (later !== undefined) return later;
    }
    const name = NAMES[algorithm];
    if (!scan.isComplete) {
      const what = `the ${name} of all kept entries is being computed`;
      throw building(`${what}, and no certificate with this one was found yet`, scan);
    }
    const since = await this.since(scan.target);
    throw new ApiError(
      'API_CERTIFICATE_UNKNOWN',
      404,
      `no certificate with this ${name} is known; the journal goes back to ${new Date(since).toISOString()}`,
    );
  }

  /** Returns an entry by its log and index; undefined if the journal does not hold it, or if its index is not built yet. */
  entry(logUrl: string, index: number): Promise<CertificateEntry | undefined> {
    return this.byPlace(this.directory(), logUrl, index);
  }

  /**
   * Returns an entry by its log and index; undefined if the journal does not hold it.
   * @throws ApiError (`API_INDEX_BUILDING`, 503) while the index is being built.
   */
  async keptEntry(logUrl: string, index: number): Promise<CertificateEntry | undefined> {
    const scan = this.directory();
    const found = await this.byPlace(scan, logUrl, index);
    if (found !== undefined || scan.isComplete) return found;
    await scan.complete(BUILD_WAIT_MS);
    const later = await this.byPlace(scan, logUrl, index);
    if (later !== undefined || scan.isComplete) return later;
    throw building('the places of all kept entries are being read, and this one was not found yet', scan);
  }

  private directory(): JournalScan<EntryDirectory> {
    return this.scan('entries', () => new EntryDirectory());
  }

  private async byPlace(
    { target }: JournalScan<EntryDirectory>,
    logUrl: string,
    index: number,
  ): Promise<CertificateEntry | undefined> {
    const place = target.find(logUrl, index);
    const entry = place && (await this.read(place));
    return entry?.index === index && entry.source.url === logUrl ? entry : undefined;
  }

  private async byDigest(
    { chunks }: DigestIndex,
    algorithm: DigestAlgorithm,
    wanted: string,
    isPermitted: EntryPermission,
  ): Promise<CertificateEntry | undefined> {
    for (const place of chunks.find(wanted)) {
      const entry = await this.read(place);
      if (entry !== undefined && digest(algorithm, entry.der) === wanted && isPermitted(entry)) return entry;
    }
    return undefined;
  }

  private async read({ seq, position }: EntryPlace): Promise<CertificateEntry | undefined> {
    const batch = await this.record(seq);
    return batch !== undefined && position < batch.count ? batch.entry(position) : undefined;
  }

  /** Returns undefined if the journal does not hold the record any more. */
  private async record(seq: number): Promise<CertificateBatch | undefined> {
    const { journal, renderer } = this.feed;
    if (seq < journal.oldest || seq > journal.newest) return undefined;
    for await (const got of journal.read({ after: seq - 1 }, AbortSignal.timeout(READ_MS)))
      return 'batch' in got && got.seq === seq ? new CertificateBatch(got.batch, renderer) : undefined;
    return undefined;
  }

  /** Since when the index holds all entries, milliseconds since the epoch. It may hold less than the journal. */
  private async since({ chunks }: DigestIndex): Promise<number> {
    const { journal } = this.feed;
    const { oldest = 0 } = chunks;
    const first = oldest > journal.oldest ? await this.record(oldest) : undefined;
    return first?.seen ?? journal.oldestTime;
  }

  private scan<T extends ScanTarget>(name: string, make: () => T): JournalScan<T> {
    this.periodic.after(`api-${name}`, IDLE_MS, () => this.drop(name));
    const known = this.scans.get(name) as JournalScan<T> | undefined;
    if (known !== undefined) return known;
    const scan = new JournalScan(this.feed.journal, make(), (error) => {
      this.problems.report(
        name,
        `the index of ${name} ended and is built again when it is needed: ${messageOf(error)}`,
      );
      this.drop(name);
    });
    this.scans.set(name, scan);
    return scan;
  }

  private drop(name: string): void {
    this.scans.get(name)?.end();
    this.scans.delete(name);
    this.periodic.cancel(`api-${name}`);
  }
}

function building(what: string, { secondsLeft }: { readonly secondsLeft: number }): ApiError {
  return new ApiError('API_INDEX_BUILDING', 503, `${what}; try again`, {
    'Retry-After': Math.min(60, secondsLeft),
  });
}
