import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENT_NAMES, SCHEMA_NAMES } from '../src/api/schemas/schema-documents.js';
import { defineConfig } from '../src/config/checked-config.js';
import { freePort } from '../src/testing/free-port.js';
import { TestSystem } from '../src/testing/test-system.js';
import type { StreamReader } from '../src/testing/stream-reader.js';
import { ODD_CERTIFICATES, ODD_LEAVES } from './support/odd-entries.js';

interface Schema {
  [keyword: string]: unknown;
}

const STREAMS = {
  '/full-stream': 'certificate_update.full',
  '/': 'certificate_update.lite',
  '/domains-only': 'dns_entries',
} as const;

let system: TestSystem;
const readers: { readonly reader: StreamReader; readonly schema: string }[] = [];

beforeAll(async () => {
  // The metrics share the listener of the streams.
  const port = await freePort();
  system = await TestSystem.start({
    logs: [
      { name: 'pages', initialEntries: 20, pageSize: 16 },
      { name: 'tiles', protocol: 'static-ct', initialEntries: 10 },
    ],
    config: {
      webserver: { listen_port: port },
      prometheus: { enabled: true, listen_addr: '127.0.0.1', listen_port: port },
      stream: { heartbeat_seconds: 0.2 },
    },
  });
});
afterAll(() => system?.close());

const getJson = async (path: string): Promise<Schema> => (await (await system.get(path)).json()) as Schema;

/** Makes a schema refuse keys that it does not name, so that no key is undocumented. Objects that name no keys stay open. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  if (copy['type'] === 'object' && 'properties' in copy) copy['additionalProperties'] ??= false;
  return copy;
}

const validators = new Map<string, ValidateFunction>();

/** Checks a document against a schema of the server with an independent validator. */
async function expectValid(name: string, document: unknown): Promise<void> {
  let validate = validators.get(name);
  if (validate === undefined) {
    const { $schema: dialect, ...schema } = await getJson(`/schemas/${name}.json`);
    expect(dialect).toBe('https://json-schema.org/draft/2020-12/schema');
    validate = new Ajv2020({ allErrors: true }).compile(closed(schema) as object);
    validators.set(name, validate);
  }
  const isValid = validate(document);
  expect(isValid ? [] : validate.errors, `${name}: ${JSON.stringify(document).slice(0, 2000)}`).toEqual([]);
}

async function connect(path: string, schema: string): Promise<StreamReader> {
  const reader = await system.connect(path);
  readers.push({ reader, schema });
  return reader;
}

describe('the schemas of messages', () => {
  it('accept every message of all streams in both dialects, odd entries included, and name every key', async () => {
    for (const [path, schema] of Object.entries(STREAMS))
      for (const format of ['go', 'calidog']) await connect(`${path}?format=${format}`, schema);
    const pages = system.simulator.log('pages');
    const odd = [...ODD_CERTIFICATES, ...ODD_LEAVES];
    const lines = odd.map(({ leafInput, extraData }) =>
      JSON.stringify({ leaf_input: leafInput.toString('base64'), extra_data: extraData.toString('base64') }),
    );
    const file = join(system.folder, 'odd.jsonl');
    writeFileSync(file, lines.join('\n'));
    pages.loadEntries(file);
    for (const log of system.simulator.logs) {
      log.append(50);
      log.publish();
    }
    const expected = odd.length + 100;
    for (const { reader, schema } of readers) {
      const messages = () => reader.frames.filter((frame) => !frame.includes('"heartbeat"'));
      await reader.until(() => messages().length === expected, schema);
      for (const frame of messages()) await expectValid(schema, JSON.parse(frame));
    }
    const heartbeats = readers[0].reader;
    await heartbeats.until(({ frames }) => frames.some((frame) => frame.includes('"heartbeat"')));
    await expectValid(
      'heartbeat',
      JSON.parse(heartbeats.frames.find((frame) => frame.includes('"heartbeat"'))!),
    );
  });

  it('accept the events of a client that asks for them', async () => {
    const reader = await system.connect('/?events=1');
    const seen = (type: string) => (): boolean =>
      reader.frames.some((frame) => frame.includes(`"message_type":"${type}"`));
    const ask = async (request: object, answer: string): Promise<void> => {
      const before = reader.frames.length;
      reader.socket.send(JSON.stringify(request));
      const type = `"message_type":"${answer}"`;
      await reader.until(({ frames }) => frames.slice(before).some((frame) => frame.includes(type)), answer);
    };
    const filter = {
      domain: ['example.com'],
      keyword: ['paypal'],
      ip: ['192.0.2.0/24'],
      ca: false,
      type: ['cert'],
    };
    await ask({ op: 'subscribe', id: 7, unique: true, filter }, 'subscribed');
    await ask({ op: 'status', id: 'a' }, 'status');
    await ask({ op: 'subscribe', filter: { domain: ['a..b'] } }, 'error');
    await ask({ op: 'subscribe', filter: null }, 'subscribed');
    const log = system.simulator.log('pages');
    log.append(5);
    log.publish();
    await reader.until(seen('cursor'), 'a cursor');
    const replay = await system.connect('/?events=1&since=-1h');
    await replay.until(
      ({ frames }) => frames.some((frame) => frame.includes('"message_type":"live"')),
      'the seam',
    );
    const kinds = new Set<string>();
    for (const frame of [...reader.frames, ...replay.frames]) {
      const message = JSON.parse(frame) as { message_type: string };
      if (!EVENT_NAMES.includes(message.message_type)) continue;
      kinds.add(message.message_type);
      await expectValid(message.message_type, message);
    }
    expect([...kinds].sort()).toEqual(
      expect.arrayContaining(['cursor', 'error', 'live', 'status', 'subscribed'].sort()),
    );
  });

  it('accept the answers of pages', async () => {
    const cert = (await getJson('/example.json')) as { data: { leaf_cert: { sha256: string } } };
    const { sha256 } = cert.data.leaf_cert;
    for (const [path, schema] of [
      ['/api/stats', 'stats'],
      ['/api/logs', 'logs'],
      ['/stats', 'calidog_stats'],
      ['/latest.json', 'latest'],
      ['/healthz', 'live_body'],
      ['/nothing', 'error_body'],
      [`/api/entries/${encodeURIComponent(system.simulator.log('pages').url)}/3`, 'certificate_update.full'],
      [`/api/cert/${'0'.repeat(63)}`, 'error_body'],
    ])
      await expectValid(schema, await getJson(path));
    await system.eventually(
      async () => (await system.get(`/api/cert/${sha256}`)).status === 200,
      'the index',
    );
    await expectValid('certificate', await getJson(`/api/cert/${sha256}`));
  });

  it('are all valid, and are served one by one', async () => {
    for (const name of SCHEMA_NAMES) {
      const schema = await getJson(`/schemas/${name}.json`);
      expect(schema['title']).toBe(name);
      expect(new Ajv2020().validateSchema(schema), name).toBe(true);
    }
    for (const path of ['/schemas/nothing.json', '/schemas/gap', '/schemas/toString.json'])
      expect(await getJson(path)).toHaveProperty('code', 'API_SCHEMA_UNKNOWN');
  });
});

interface ExpressLayer {
  readonly route?: { readonly path: string | string[] };
}

/** Returns the paths of all routes of an application. */
function routesOf(app: INestApplication): string[] {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: ExpressLayer[] } };
  const paths = router.stack.flatMap(({ route }) => route?.path ?? []);
  return [...new Set(paths.map((path) => path.replace(/\{\/\}$/, '').replaceAll(/:(\w+)/g, '{$1}') || '/'))];
}

/** Returns all values of `$ref` in a document. */
function referencesIn(document: unknown): string[] {
  if (typeof document !== 'object' || document === null) return [];
  return Object.entries(document).flatMap(([key, value]) =>
    key === '$ref' ? [String(value)] : referencesIn(value),
  );
}

function resolves(document: Schema, reference: string): boolean {
  const path = reference.replace(/^#\//, '').split('/');
  let value: unknown = document;
  for (const part of path) value = (value as Schema | undefined)?.[part];
  return value !== undefined;
}

describe('/openapi.json', () => {
  it('describes every route of the application, and no other', async () => {
    const { openapi, paths } = (await getJson('/openapi.json')) as { openapi: string; paths: Schema };
    expect(openapi).toBe('3.1.0');
    expect(Object.keys(paths).sort()).toEqual(routesOf(system.server.app).sort());
  });

  it('names the parameters in the paths, and schemas that it contains', async () => {
    const document = await getJson('/openapi.json');
    for (const [path, item] of Object.entries(document['paths'] as Record<string, { get: Schema }>)) {
      const parameters = (item.get['parameters'] ?? []) as { name: string; in: string }[];
      const named = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(named, path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      expect(item.get['summary'], path).toMatch(/\.$/);
    }
    const references = referencesIn(document);
    expect(references.length).toBeGreaterThan(20);
    expect(references.filter((reference) => !resolves(document, reference))).toEqual([]);
  });

  it('has no page whose path the configuration gives to a stream', async () => {
    const { paths } = await getJson('/openapi.json');
    const configured = [...Object.keys(STREAMS), '/sse', '/metrics'];
    const pages = Object.keys(paths as object).filter(
      (path) => !configured.some((own) => path === own || (own !== '/' && path === `${own}/example.json`)),
    );
    for (const path of pages) {
      const config = { webserver: { sse_url: path.replaceAll(/\{\w+\}/g, 'x') } };
      expect(() => defineConfig(config), path).toThrow('is already a page of this server');
    }
  });
});

describe('/asyncapi.json', () => {
  it('describes the streams at their paths with their messages', async () => {
    const document = await getJson('/asyncapi.json');
    expect(document['asyncapi']).toBe('3.0.0');
    const channels = document['channels'] as Record<string, { address: string; messages: Schema }>;
    for (const [path, schema] of Object.entries(STREAMS)) {
      const channel = Object.values(channels).find(({ address }) => address === path);
      expect(Object.keys(channel?.messages ?? {})).toEqual([schema, ...EVENT_NAMES]);
    }
    expect(Object.keys(channels['sse'].messages)).toEqual([...Object.values(STREAMS), 'gap', 'live']);
    expect(channels['sse'].address).toBe('/sse');
    expect(referencesIn(document).filter((reference) => !resolves(document, reference))).toEqual([]);
  });
});
