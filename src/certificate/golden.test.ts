import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import { CertificateRenderer } from './certificate-renderer.js';
import type { StreamKind } from './rendered-texts.js';
import {
  batchOf,
  entryOfPage,
  entryOfTileLeaf,
  type TestEntry,
  type TestHead,
} from './testing/log-entries.js';

/** Golden entries are stored next to the corpus, never in the repository. */
const corpus = process.env['CT_CORPUS_DIR'];
const golden = corpus === undefined ? undefined : join(dirname(corpus), 'golden');
if (golden === undefined) console.warn('golden.test.ts skipped: CT_CORPUS_DIR is not set');

interface Input {
  name: string;
  kind?: 'rfc6962' | 'tiled';
  log_name: string;
  log_url: string;
  operator?: string;
  cert_index: number;
  seen?: number;
  leaf_input?: string;
  extra_data?: string;
  tile_leaf?: string;
}

function files(suffix: string): string[] {
  if (golden === undefined) return [];
  return readdirSync(golden)
    .filter((file) => file.endsWith(suffix))
    .sort();
}

function read(file: string): string {
  return readFileSync(join(golden!, file), 'utf8');
}

function base64(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64');
}

function headOf(input: Input, type: 'rfc6962' | 'tiled'): TestHead {
  return {
    name: input.log_name,
    url: input.log_url.replace(/\/+$/, ''),
    operator: input.operator ?? 'Op',
    type,
    firstIndex: input.cert_index,
    seen: input.seen ?? 1763795400123 / 1000,
  };
}

function batch(entry: TestEntry, head: TestHead): CertificateBatch {
  return new CertificateBatch(
    batchOf([entry], { ...head, seen: head.seen! * 1000 }),
    new CertificateRenderer(),
  );
}

function allTexts(certificates: CertificateBatch, kind: StreamKind): string {
  return certificates.texts(kind).buffer.toString();
}

describe.skipIf(golden === undefined)('golden entries', () => {
  it.each(files('.input.json').map((file) => file.replace('.input.json', '')))('%s', (name) => {
    const input = JSON.parse(read(`${name}.input.json`)) as Input;
    const tiled = input.kind === 'tiled';
    const entry = tiled
      ? entryOfTileLeaf(base64(input.tile_leaf))
      : entryOfPage(base64(input.leaf_input), base64(input.extra_data));
    const certificates = batch(entry, headOf(input, tiled ? 'tiled' : 'rfc6962'));
    expect(allTexts(certificates, 'domains')).toBe(read(`${name}.domains.json`));
    expect(allTexts(certificates, 'lite')).toBe(read(`${name}.lite.json`));
    if (!tiled) expect(allTexts(certificates, 'full')).toBe(read(`${name}.full.json`));
    expect(certificates.text('domains', 0).toString()).toBe(read(`${name}.domains.json`));
  });
});

describe.skipIf(golden === undefined)('edge model', () => {
  type Edge = Input & { expected_lite: string; expected_domains: string };
  const edges =
    golden === undefined
      ? []
      : read('edge_model.jsonl')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Edge);

  it.each(edges)('$name', (edge) => {
    const page = batch(
      entryOfPage(base64(edge.leaf_input), base64(edge.extra_data)),
      headOf(edge, 'rfc6962'),
    );
    expect(allTexts(page, 'lite')).toBe(edge.expected_lite);
    expect(allTexts(page, 'domains')).toBe(edge.expected_domains);
    const tile = batch(entryOfTileLeaf(base64(edge.tile_leaf)), headOf(edge, 'tiled'));
    const tiled = edge.expected_lite
      .replace(/"cert_link":"[^"]*"/, '"cert_link":""')
      .replace('"type":"rfc6962"', '"type":"tiled"');
    expect(allTexts(tile, 'lite')).toBe(tiled);
    expect(allTexts(tile, 'domains')).toBe(edge.expected_domains);
  });
});
