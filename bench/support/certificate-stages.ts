import { gunzipSync, gzipSync } from 'node:zlib';
import { CertificateBatch } from '../../src/certificate/certificate-batch.js';
import { CertificateFields } from '../../src/certificate/certificate-fields.js';
import { CertificateRenderer } from '../../src/certificate/certificate-renderer.js';
import { ENTRY_COLUMNS, EntryColumn, type EntryBatch } from '../../src/certificate/entry-batch.js';
import type { IssuerMap } from '../../src/certificate/issuer-map.js';
import { issuersOf } from '../../src/certificate/testing/log-entries.js';
import { digest } from '../../src/certificate/fingerprint.js';
import { decodeGetEntriesPage } from '../../src/ct-log/client/rfc6962/get-entries-page.js';
import { locateEntries } from '../../src/ct-log/client/rfc6962/merkle-tree-leaf.js';
import { locateDataTile } from '../../src/ct-log/client/static-ct/data-tile.js';
import { webSocketFramer } from '../../src/stream/encoding/websocket-encoding.js';
import { PAGE_ENTRIES, type BenchInput } from './bench-input.js';
import type { Stage } from './interleaved-rounds.js';

const SEEN = Date.UTC(2026, 0, 3);
const SOURCE = { name: 'Log', url: 'https://log.example', operator: 'Operator' };
const PRECERT_ENTRY = 1;

/** The path of the server from bytes to texts, divided into steps. */
export class CertificateStages {
  readonly renderer = new CertificateRenderer({ framer: webSocketFramer });
  /** Issuers of each tile. They are looked up in advance, because StaticCtClient has most of them in its cache. */
  private readonly issuers: readonly IssuerMap[];

  constructor(private readonly input: BenchInput) {
    this.issuers = input.tiles.map(({ bytes, firstIndex }) => {
      const builder = locateDataTile(bytes, firstIndex, PAGE_ENTRIES);
      return issuersOf({ bytes, table: builder.table, count: builder.count }, input.issuers);
    });
  }

  /** Decodes the body of a response like Rfc6962Client.getEntries. */
  decodePage(body: Buffer, firstIndex = 0): EntryBatch {
    const page = decodeGetEntriesPage(body);
    const source = { ...SOURCE, type: 'rfc6962' as const };
    return locateEntries(page).build({ source, firstIndex, bytes: page.bytes, seen: SEEN });
  }

  /** Decodes the body of a response like StaticCtClient. */
  decodeTile(tile: BenchInput['tiles'][number]): EntryBatch {
    const { bytes, firstIndex } = tile;
    const source = { ...SOURCE, type: 'tiled' as const };
    const builder = locateDataTile(bytes, firstIndex, PAGE_ENTRIES);
    return builder.build({
      source,
      firstIndex,
      bytes,
      seen: SEEN,
      issuers: this.issuers[this.input.tiles.indexOf(tile)],
    });
  }

  allTexts(entries: EntryBatch): CertificateBatch {
    const batch = new CertificateBatch(entries, this.renderer);
    batch.texts('lite');
    batch.texts('full');
    batch.texts('domains');
    return batch;
  }

  /** Returns the complete paths, from the bytes of a response to all three texts. */
  wholes(): Stage[] {
    const { pages, tiles } = this.input;
    return [
      perBatch('page to all three', pages, (page) => this.allTexts(this.decodePage(page))),
      perBatch('tile to all three', [...tiles, ...tiles, ...tiles, ...tiles], (tile) =>
        this.allTexts(this.decodeTile(tile)),
      ),
    ];
  }

  steps(): Stage[] {
    return [...this.pageSteps(), ...this.tileSteps()];
  }

  private pageSteps(): Stage[] {
    const { pages } = this.input;
    const gzipped = pages.slice(0, 4).map((page) => gzipSync(page, { level: 6 }));
    const located = pages.map((page) => this.decodePage(page));
    let batches: CertificateBatch[] = [];
    const fresh = (): void => {
      batches = located.map((entries) => new CertificateBatch(entries, this.renderer));
    };
    const rendered = (): void => {
      fresh();
      for (const batch of batches) batch.texts('lite');
    };
    return [
      perBatch('gunzip page', gzipped, (body) => gunzipSync(body)),
      perBatch('decode page', pages, (page) => this.decodePage(page)),
      perBatch('parse (DER offsets)', located, parseAll),
      perBatch('hash (SHA-1, SHA-256)', located, hashAll),
      { name: 'lite', prepare: fresh, run: () => sum(batches, (batch) => batch.texts('lite').count) },
      {
        name: 'full from lite',
        prepare: rendered,
        run: () => sum(batches, (batch) => batch.texts('full').count),
      },
      {
        name: 'domains from lite',
        prepare: rendered,
        run: () => sum(batches, (batch) => batch.texts('domains').count),
      },
      {
        name: 'domains alone',
        prepare: fresh,
        run: () => sum(batches, (batch) => batch.texts('domains').count),
      },
    ];
  }

  private tileSteps(): Stage[] {
    const { tiles } = this.input;
    const gzipped = tiles.map(({ bytes }) => gzipSync(bytes, { level: 6 }));
    return [
      perBatch('gunzip tile', gzipped, (body) => gunzipSync(body)),
      perBatch('decode tile', [...tiles, ...tiles, ...tiles], (tile) => this.decodeTile(tile)),
    ];
  }
}

function perBatch<T>(name: string, items: readonly T[], work: (item: T) => unknown): Stage {
  return {
    name,
    run: () => {
      for (const item of items) work(item);
      return items.length * PAGE_ENTRIES;
    },
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function parseAll({ bytes, table, count }: EntryBatch): number {
  const fields = new CertificateFields();
  let malformed = 0;
  for (let i = 0; i < count; i++) {
    const row = i * ENTRY_COLUMNS;
    const start = table[row + EntryColumn.CertificateStart];
    const end = table[row + EntryColumn.CertificateEnd];
    if (table[row + EntryColumn.Type] === PRECERT_ENTRY) fields.readTbsCertificate(bytes, start, end);
    else fields.readCertificate(bytes, start, end);
    if (fields.problem !== undefined) malformed++;
  }
  return malformed;
}

function hashAll({ bytes, table, count }: EntryBatch): number {
  let characters = 0;
  for (let i = 0; i < count; i++) {
    const row = i * ENTRY_COLUMNS;
    const der = bytes.subarray(
      table[row + EntryColumn.SubmittedStart],
      table[row + EntryColumn.SubmittedEnd],
    );
    characters += digest('sha1', der).length + digest('sha256', der).length;
  }
  return characters;
}
