import { isIPv6 } from 'node:net';

import { nearest } from '../kernel/nearest.js';
import { type ConfigDraft, type ConfigPath, type ConfigTree, isTree } from './config-draft.js';
import { shownValue } from './shown-value.js';

// The outputs of the Go server: `streamprocessing` becomes entries of `outputs`.

/** Section of the Go server's Kafka and NSQ outputs; its name changed between versions. */
export const BROKER_SECTIONS = ['streamprocessing', 'stream_processing'] as const;

/** The Go server spells NSQ in two ways. */
const TYPES: Readonly<Record<string, 'kafka' | 'nsq'>> = { kafka: 'kafka', nsq: 'nsq', nqs: 'nsq' };
const STREAMS: Readonly<Record<string, string>> = { full: 'full', lite: 'lite', 'domains-only': 'domains' };
const KEYS = ['name', 'type', 'stream', 'enabled', 'server_addr', 'server_port', 'topic', 'compression'];
const DEFAULT_TOPIC = 'certstream';
const MAX_PORT = 65_535;

/** The keys of the Go server for the keys of `outputs`, for messages. */
const GO_KEYS = { brokers: 'server_addr', address: 'server_addr' } as const;

/** An output in the file. */
interface GoOutput {
  readonly path: ConfigPath;
  readonly values: ConfigTree;
  /** The type of an output in the older form of the section, a mapping whose keys are types. */
  readonly type?: string;
}

/** Moves the outputs of the Go server to `outputs`. Later messages about them name the keys and lines of the file. */
export function applyGoOutputs(draft: ConfigDraft): void {
  const moved = BROKER_SECTIONS.flatMap((section) => outputsOf(draft, section));
  for (const section of BROKER_SECTIONS) delete draft.data[section];
  if (moved.length === 0) return;
  const own = draft.data['outputs'] ?? [];
  // Another value is reported by the schema.
  if (!Array.isArray(own)) return;
  draft.data['outputs'] = [...(own as unknown[]), ...moved];
}

function outputsOf(draft: ConfigDraft, section: string): ConfigTree[] {
  const value = draft.data[section];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) || (isTree(value) && !('enabled' in value)))
    return entriesOf(draft, section, value)
      .map((output) => outputOf(draft, output))
      .filter((output) => output !== undefined);
  if (!isTree(value) || isOn(value['enabled'] ?? false))
    draft.problem([section], 'is not a list of outputs; write one output per entry, each after a dash');
  return [];
}

function entriesOf(draft: ConfigDraft, section: string, value: readonly unknown[] | ConfigTree): GoOutput[] {
  const isList = Array.isArray(value);
  const entries: [string | number, unknown][] = isList
    ? [...(value as readonly unknown[]).entries()]
    : Object.entries(value);
  return entries.flatMap(([key, values]) => {
    const path = [section, key];
    if (values === null) return [];
    if (!isTree(values)) {
      draft.problem(path, `${shownValue(values)} is not a mapping; write its keys below it, indented`);
      return [];
    }
    // In a list, an output is enabled unless the file says otherwise.
    if (!isOn(values['enabled'] ?? isList)) return [];
    return typeof key === 'string' ? { path, values, type: key } : { path, values };
  });
}

/** @returns undefined for an output with a problem, which is then in the draft. */
function outputOf(
  draft: ConfigDraft,
  { path, values: written, type: typeOfMap }: GoOutput,
): ConfigTree | undefined {
  const values = withLowerKeys(written);
  // The name of this key in the older form.
  values['server_addr'] ??= values['server_address'];
  const unknown = Object.keys(values).filter((key) => !KEYS.includes(key) && key !== 'server_address');
  for (const key of unknown) {
    const near = nearest(key, KEYS);
    const hint = near === undefined ? 'remove it' : `did you mean ${near}?`;
    draft.problem([...path, key], `unknown key; ${hint}`);
  }
  const type = choiceOf(draft, [...path, 'type'], values['type'] ?? typeOfMap, TYPES);
  const server = serverOf(draft, path, values);
  const stream = streamOf(draft, path, values['stream']);
  if (type === undefined || server === undefined || stream === undefined || unknown.length > 0)
    return undefined;
  const output = {
    type,
    name: nameOf(draft, path, values['name'], type),
    enabled: values['enabled'] ?? true,
    stream,
    topic: isEmpty(values['topic']) ? DEFAULT_TOPIC : values['topic'],
    ...(type === 'nsq'
      ? { address: server }
      : { brokers: [server], ...compressionOf(values['compression']) }),
  };
  if (type === 'nsq') checkNsqCompression(draft, [...path, 'compression'], values['compression']);
  draft.moved(output, path, GO_KEYS);
  return output;
}

function serverOf(draft: ConfigDraft, path: ConfigPath, values: ConfigTree): string | undefined {
  const { server_addr: host, server_port: written } = values;
  if (typeof host !== 'string' || host.trim() === '') {
    draft.problem(
      [...path, 'server_addr'],
      isEmpty(host)
        ? 'is missing; write the name or the address of the server'
        : `${shownValue(host)} is not a text`,
    );
    return undefined;
  }
  const port = typeof written === 'string' && /^\s*\d+\s*$/.test(written) ? Number(written) : written;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > MAX_PORT) {
    draft.problem(
      [...path, 'server_port'],
      isEmpty(port)
        ? 'is missing; write the port of the server'
        : `${shownValue(port)} is not a port; use 1 to ${MAX_PORT}`,
    );
    return undefined;
  }
  const name = host.trim();
  return `${isIPv6(name) ? `[${name}]` : name}:${port}`;
}

function streamOf(draft: ConfigDraft, path: ConfigPath, stream: unknown): string | undefined {
  if (!isEmpty(stream)) return choiceOf(draft, [...path, 'stream'], stream, STREAMS);
  draft.warn([...path, 'stream'], 'is missing; the full stream is delivered');
  return 'full';
}

function choiceOf<T extends string>(
  draft: ConfigDraft,
  path: ConfigPath,
  value: unknown,
  choices: Readonly<Record<string, T>>,
): T | undefined {
  const found = typeof value === 'string' ? choices[value.trim().toLowerCase()] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(choices).filter((name) => name !== 'nqs');
  draft.problem(
    path,
    `${isEmpty(value) ? 'is missing' : `${shownValue(value)} is not known`}; use one of ${names.join(', ')}`,
  );
  return undefined;
}

/** A name may contain any characters in the Go server. Here it is also the name of files and of metrics. */
function nameOf(draft: ConfigDraft, path: ConfigPath, name: unknown, type: string): unknown {
  if (isEmpty(name)) return typeof path[1] === 'number' ? `${type}-${path[1] + 1}` : type;
  if (typeof name !== 'string') return name;
  const usable = name
    .trim()
    .replace(/[^\w.@-]+/g, '-')
    .slice(0, 64);
  if (usable !== name) draft.warn([...path, 'name'], `taken as ${usable}`);
  return usable;
}

function compressionOf(compression: unknown): ConfigTree {
  return isEmpty(compression) ? {} : { compression };
}

/** The Go server accepts values for NSQ and compresses nothing. */
function checkNsqCompression(draft: ConfigDraft, path: ConfigPath, compression: unknown): void {
  if (isEmpty(compression) || compression === 'none') return;
  if (compression === 'snappy' || compression === 'deflate')
    draft.warn(path, 'ignored: messages to NSQ are not compressed, also by the Go server');
  else
    draft.problem(
      path,
      `${shownValue(compression)} is not known; remove it, since messages to NSQ are not compressed`,
    );
}

function withLowerKeys(values: ConfigTree): ConfigTree {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function isOn(enabled: unknown): boolean {
  return !['false', '0', 'f', 'no', 'off', ''].includes(String(enabled).trim().toLowerCase());
}
