import type { ConfigKey } from './config-keys.js';
import { type ConfigDraft, type ConfigPath, type ConfigTree, isTree, pathText } from './config-draft.js';
import { shownValue } from './shown-value.js';
import { hasLeadingZero } from './written-scalar.js';

const SWITCH_WORDS = new Map<string, boolean>([
  ...['true', 't', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', 'f', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

/**
 * Converts values to the types of the schema where their meaning is clear, as the Go server does: `"8080"` becomes
 * a number, `yes` a switch, one text a list of one. The schema refuses values that still have the wrong type.
 * A key without a value counts as not written. Keys may be written in upper or lower case.
 */
export function coerceValues(draft: ConfigDraft): void {
  fixCase(draft, []);
  for (const section of draft.layout.sections) {
    if (draft.get(section.path) === null) draft.delete(section.path);
    fixCase(draft, section.path);
  }
  for (const key of draft.layout.keys) coerceKey(draft, key, key.path);
}

function coerceKey(draft: ConfigDraft, key: ConfigKey, path: ConfigPath): void {
  const parent = draft.get(path.slice(0, -1));
  if (!isTree(parent) || !Object.hasOwn(parent, key.path.at(-1)!)) return;
  const name = key.path.at(-1)!;
  const value = parent[name];
  if (value === null || value === undefined) {
    if (key.type === 'texts') draft.warn(path, 'has no entries');
    delete parent[name];
    return;
  }
  if (key.type === 'number' && typeof value === 'string' && hasLeadingZero(value)) {
    draft.problem(
      path,
      `${shownValue(value)} begins with 0, so its base is not clear; ${plainNumber(value)}`,
    );
    delete parent[name];
    return;
  }
  parent[name] = coerceValue(key, value);
  const entries = parent[name];
  if (key.type !== 'objects' || !Array.isArray(entries)) return;
  entries.forEach((entry, index) => {
    if (isTree(entry))
      for (const field of key.fields ?? []) coerceKey(draft, field, [...path, index, ...field.path]);
  });
}

function coerceValue(key: ConfigKey, value: unknown): unknown {
  switch (key.type) {
    case 'number':
      return typeof value === 'string' && /^\s*[+-]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
    case 'switch':
      return typeof value === 'string' || typeof value === 'number'
        ? (SWITCH_WORDS.get(String(value).trim().toLowerCase()) ?? value)
        : value;
    case 'texts':
      return typeof value === 'string' ? splitList(key, value) : value;
    case 'choice':
      return typeof value === 'string' ? choiceOf(key, value.trim()) : value;
    default:
      return value;
  }
}

/** Returns the choice that differs only in case, or the text in lower case. */
function choiceOf({ choices = [] }: ConfigKey, text: string): string {
  const lower = text.toLowerCase();
  return choices.find((choice) => choice.toLowerCase() === lower) ?? lower;
}

function plainNumber(text: string): string {
  const number = text.trim().replace(/^([-+]?)0+(?=\d)/, '$1');
  return `write ${number} if it is decimal`;
}

/** Splits a text into entries at commas and white space. Names may contain spaces and are split at commas and line ends. */
export function splitList({ hasSpaces = false }: ConfigKey, text: string): string[] {
  const entries = text.split(hasSpaces ? /[\n,]+/ : /[\s,]+/);
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
}

function fixCase(draft: ConfigDraft, path: readonly string[]): void {
  const tree = draft.get(path);
  if (!isTree(tree)) return;
  const known = childNames(draft, path);
  for (const name of Object.keys(tree)) {
    const lower = name.toLowerCase();
    if (name !== lower && known.has(lower) && !known.has(name)) rename(draft, tree, path, name, lower);
  }
}

function rename(draft: ConfigDraft, tree: ConfigTree, path: ConfigPath, name: string, lower: string): void {
  if (Object.hasOwn(tree, lower)) {
    draft.problem([...path, name], `is written twice, as ${name} and ${lower}; remove one`);
  } else {
    draft.warn([...path, name], `taken as ${pathText([...path, lower])}`);
    tree[lower] = tree[name];
  }
  delete tree[name];
}

function childNames({ layout }: ConfigDraft, path: readonly string[]): Set<string> {
  const all = [...layout.keys, ...layout.sections].map((thing) => thing.path);
  const below = all.filter((child) => path.every((part, depth) => child[depth] === part));
  return new Set(below.flatMap((child) => child[path.length] ?? []));
}
