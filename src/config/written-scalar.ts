import { type Document, visit } from 'yaml';

import type { ConfigPath } from './config-draft.js';
import type { KeyType } from './config-keys.js';
import type { ConfigLayout } from './config-layout.js';

/** A scalar that YAML reads as a number, a switch or a date, but that may be meant as a text. */
class WrittenScalar {
  constructor(
    readonly value: unknown,
    readonly source: string,
  ) {}
}

/** Keeps the source text of scalars. Call it before the document is converted: `0012345678901234` would become 12345678901234. */
export function keepSources(document: Document): void {
  visit(document, {
    Scalar(key, node) {
      const isText = typeof node.value === 'string' || node.value === null;
      if (key === 'key' || isText || node.source === undefined) return;
      node.value = new WrittenScalar(node.value, node.source);
    },
  });
}

/**
 * Returns a copy of `value` in which every such scalar has the type of its key: the characters as they were written if
 * the key is a text, otherwise the value. Numbers with a leading zero stay texts: some readers take them for octal and
 * others for decimal.
 */
export function resolveSources(value: unknown, path: ConfigPath, layout: ConfigLayout): unknown {
  if (value instanceof WrittenScalar) return resolve(value, layout.types.get(nameOf(path)));
  if (Array.isArray(value)) return value.map((item, index) => resolveSources(item, [...path, index], layout));
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    resolveSources(item, [...path, key], layout),
  ]);
  return Object.fromEntries(entries) as unknown;
}

function resolve({ value, source }: WrittenScalar, type: KeyType | undefined): unknown {
  const isText = type === 'text' || type === 'texts' || typeof value === 'object';
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  return isText || (isNumber && (type === 'switch' || hasLeadingZero(source))) ? source : value;
}

/** Whether a number has a leading zero, as `0660` or `-08`, but not `0.5`, and not `0x10`, whose base is clear. */
export function hasLeadingZero(text: string): boolean {
  return /^\s*[-+]?0\d/.test(text);
}

function nameOf(path: ConfigPath): string {
  return path
    .filter((part) => typeof part === 'string')
    .join('.')
    .toLowerCase();
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
