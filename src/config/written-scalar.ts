import { type Document, visit } from 'yaml';

import type { ConfigPath } from './config-draft.js';
import type { KeyType } from './config-keys.js';
import type { ConfigLayout } from './config-layout.js';

/** A scalar that YAML takes for a number, a switch or a date, which may have been meant as a text. */
class WrittenScalar {
  constructor(
    readonly value: unknown,
    readonly source: string,
  ) {}
}

/** To be called before the document becomes values: `0012345678901234` is not the number 12345678901234 yet. */
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
 * A copy of `value` in which every such scalar is what the key at `path` wants: the characters as they were written where
 * it is a text, else the value. Numbers with a leading zero stay texts: they are octal to some readers and decimal to
 * others.
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

/** Whether a number is written as in `0660` or `-08`. `0.5` is not, nor is `0x10`, whose base is clear. */
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
