import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RawEntry } from '../src/simulator/log/log-entry.js';
import type { StreamReader } from '../src/testing/stream-reader.js';
import { TestSystem } from '../src/testing/test-system.js';

const corpus = process.env['CT_CORPUS_DIR'];
const folder = corpus === undefined ? undefined : resolve(corpus, '../golden');
const isAvailable = folder !== undefined && existsSync(folder);
if (!isAvailable) {
  console.warn(
    'SKIPPED test/golden.test.ts: set CT_CORPUS_DIR to the corpus folder; the golden examples are next to it',
  );
}

interface GoldenInput {
  readonly log_name: string;
  readonly log_url: string;
  readonly operator: string;
  readonly cert_index: number;
  readonly leaf_input?: string;
  readonly extra_data?: string;
  readonly tile_leaf?: string;
}

const names = isAvailable
  ? readdirSync(folder)
      .filter((file) => file.endsWith('.input.json'))
      .map((file) => file.replace('.input.json', ''))
  : [];

/** One log per example, at the index of the example. The running server must send the exact bytes of the example. */
describe.skipIf(!isAvailable)('golden examples through the running server', () => {
  let system: TestSystem;
  let readers: Record<'full' | 'lite' | 'domains', StreamReader>;
  const inputs = new Map<string, GoldenInput>();

  beforeAll(async () => {
    for (const name of names) inputs.set(name, JSON.parse(read(`${name}.input.json`)) as GoldenInput);
    system = await TestSystem.start({
      logs: [...inputs].flatMap(([name, input]) => logsOf(name, input)),
    });
    readers = {
      full: await system.connect('/full-stream'),
      lite: await system.connect('/'),
      domains: await system.connect('/domains-only'),
    };
    for (const log of system.simulator.logs) {
      log.appendRaw(rawEntry(inputs.get(log.options.name.replace(/-(rfc6962|static-ct)$/, ''))!));
      log.publish();
    }
    const count = system.simulator.logs.length;
    await Promise.all(
      Object.values(readers).map((reader) => reader.until(({ frames }) => frames.length >= count)),
    );
  });

  afterAll(() => system?.close());

  for (const kind of ['lite', 'full'] as const) {
    it.each(names.filter((name) => existsSync(join(folder!, `${name}.${kind}.json`))))(
      `${kind}: %s`,
      (name) => {
        const expected = read(`${name}.${kind}.json`);
        const input = inputs.get(name)!;
        const native = input.tile_leaf === undefined ? 'rfc6962' : 'static-ct';
        const frame = readers[kind].frames.find((text) => text.includes(`/${name}-${native}"`))!;
        expect(withLogOf(frame, input, `${name}-${native}`)).toBe(withFixedSeen(expected));
      },
    );
  }

  it.each(names)('the same certificate fields from the other protocol: %s', (name) => {
    const frames = readers.lite.frames.filter((text) => text.includes(`/${name}-`));
    const leaves = frames.map((text) =>
      JSON.stringify((JSON.parse(text) as { data: { leaf_cert: unknown } }).data.leaf_cert),
    );
    expect(leaves.length).toBeGreaterThan(0);
    expect(new Set(leaves).size).toBe(1);
  });

  it.each(names)('domains: %s', (name) => {
    expect(readers.domains.frames).toContain(read(`${name}.domains.json`));
  });

  function read(file: string): string {
    return readFileSync(join(folder!, file), 'utf8');
  }

  /** Returns the server's text with the URL of the real log, and with a fixed `seen`. */
  function withLogOf(text: string, input: GoldenInput, logName: string): string {
    const simulated = system.simulator.log(logName).url.replace(/\/$/, '');
    return withFixedSeen(text.replaceAll(simulated, input.log_url.replace(/\/$/, '')));
  }
});

function logsOf(name: string, input: GoldenInput) {
  const common = { operator: input.operator, description: input.log_name, firstIndex: input.cert_index };
  const rfc6962 = { ...common, name: `${name}-rfc6962`, protocol: 'rfc6962' as const };
  const tiled = { ...common, name: `${name}-static-ct`, protocol: 'static-ct' as const };
  // The sample does not contain the issuers of the tiled examples, so they have no get-entries form.
  return input.tile_leaf === undefined ? [rfc6962, tiled] : [tiled];
}

function rawEntry(input: GoldenInput): RawEntry {
  return {
    ...(input.leaf_input === undefined ? {} : { leafInput: Buffer.from(input.leaf_input, 'base64') }),
    ...(input.extra_data === undefined ? {} : { extraData: Buffer.from(input.extra_data, 'base64') }),
    ...(input.tile_leaf === undefined ? {} : { tileLeaf: Buffer.from(input.tile_leaf, 'base64') }),
  };
}

function withFixedSeen(text: string): string {
  return text.replace(/"seen":[\d.]+/, '"seen":0');
}
