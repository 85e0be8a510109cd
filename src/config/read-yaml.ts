import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
} from 'yaml';

import { ConfigDraft, type ConfigPath, isTree, pathText } from './config-draft.js';
import { type ConfigLayout, OWN_LAYOUT } from './config-layout.js';
import { ConfigError } from './config-error.js';
import { shownValue } from './shown-value.js';
import { keepSources, resolveSources } from './written-scalar.js';

/**
 * Reads YAML as the Go server does, with merge keys and anchors. A key written twice with the same value gets a
 * warning; with different values it is a problem.
 * @throws {ConfigError} CONFIG_SYNTAX
 */
export function readYaml(text: string, file: string, layout = OWN_LAYOUT): ConfigDraft {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    merge: true,
    logLevel: 'error',
  });
  if (document.errors.length > 0) {
    throw new ConfigError(
      'CONFIG_SYNTAX',
      document.errors.map(
        ({ code, message, pos }) =>
          `${file}:${lines.linePos(pos[0]).line}: not valid YAML: ${
            code === 'MULTIPLE_DOCS'
              ? 'only one document is allowed; remove the line "---"'
              : firstLine(message) + syntaxHint(code, lineAt(text, pos[0]))
          }`,
      ),
    );
  }
  const placeholders = placeholderLines(document, lines);
  if (placeholders.length > 0)
    throw new ConfigError(
      'CONFIG_SYNTAX',
      placeholders.map((line) => `${file}:${line}: not valid YAML: ${PLACEHOLDER}`),
    );
  const data = toValue(document, file, layout) ?? {};
  if (!isTree(data)) {
    throw new ConfigError('CONFIG_SYNTAX', [
      `${file}:1: the configuration must be a mapping of sections such as "webserver:", not ${shownValue(data)}`,
    ]);
  }
  const draft = new ConfigDraft(file, data, (path) => lineOf(document, lines, path), layout);
  reportDuplicates(document, lines, draft);
  return draft;
}

/**
 * Reads the value of the key at `path` from its own text.
 * @throws {YAMLParseError}, SyntaxError when its aliases cannot be resolved
 */
export function readYamlValue(text: string, path: ConfigPath, layout: ConfigLayout): unknown {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  if (document.errors.length > 0) throw document.errors[0];
  return valueOf(document, path, layout);
}

function valueOf(document: Document.Parsed, path: ConfigPath, layout: ConfigLayout): unknown {
  keepSources(document);
  try {
    return resolveSources(document.toJS({ maxAliasCount: 100 }), path, layout);
  } catch (cause) {
    // The recursion exceeded the stack.
    const isEndless = cause instanceof RangeError;
    const reason = isEndless
      ? 'an alias repeats a value that contains the alias'
      : firstLine((cause as Error).message);
    throw new SyntaxError(reason, { cause });
  }
}

const PLACEHOLDER =
  'the value is in braces, like a placeholder {{ … }} of a template; fill it in, or put the value into quotes';
const QUOTE_HINT = '; put the value into quotes if it is a text';

/** What usually helps against an error, by the line in which it is. */
function syntaxHint(code: string, line: string): string {
  if (code === 'TAB_AS_INDENT') return '; use spaces';
  if (line.includes('{{')) return `; ${PLACEHOLDER}`;
  const value = /^\s*(?:- +)?(?:[\w.-]+:\s+)?(.*)$/.exec(line)?.[1] ?? '';
  // A text that begins with an indicator (YAML 1.2, 5.3), or that contains a colon before a space or at its end.
  return /^[@`%&*!|>[\]{},#?:-]/.test(value) || /:(\s|$)/.test(value) ? QUOTE_HINT : '';
}

function lineAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? undefined : end);
}

/** The lines of mappings whose key is a mapping or a list: YAML reads `{{ name }}` so. */
function placeholderLines(document: Document.Parsed, lines: LineCounter): number[] {
  const found = new Set<number>();
  visit(document, {
    Pair(_, { key }) {
      if ((isMap(key) || isSeq(key)) && key.range) found.add(lines.linePos(key.range[0]).line);
    },
  });
  return [...found];
}

function toValue(document: Document.Parsed, file: string, layout: ConfigLayout): unknown {
  try {
    return valueOf(document, [], layout);
  } catch (error) {
    throw new ConfigError('CONFIG_SYNTAX', [`${file}: not usable YAML: ${(error as Error).message}`], {
      cause: error,
    });
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0].trim();
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function lineOf(document: Document.Parsed, lines: LineCounter, path: ConfigPath): number | undefined {
  let node: unknown = document.contents;
  let line: number | undefined;
  for (const part of path) {
    let next: unknown;
    let start: number | undefined;
    if (isMap(node)) {
      // Of a key written twice, the last value counts.
      const pair = node.items.findLast((item) => keyText(item).toLowerCase() === String(part).toLowerCase());
      next = pair?.value;
      start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
    } else if (isSeq(node) && typeof part === 'number') {
      next = node.items[part];
      start = (next as { range?: [number, number, number] } | undefined)?.range?.[0];
    }
    if (start === undefined) return line;
    line = lines.linePos(start).line;
    node = next;
  }
  return line;
}

function reportDuplicates(document: Document.Parsed, lines: LineCounter, draft: ConfigDraft): void {
  visit(document, {
    Map(_, map, ancestors) {
      const path = pathOf([...ancestors, map]);
      const seen = new Map<string, Pair>();
      for (const pair of map.items) {
        const key = keyText(pair);
        const first = seen.get(key);
        seen.set(key, pair);
        if (!first || key === '<<') continue;
        const [firstLineNumber, line] = [first, pair].map((item) =>
          isScalar(item.key) && item.key.range ? lines.linePos(item.key.range[0]).line : 0,
        );
        const [before, now] = [first, pair].map((item) =>
          resolveSources(plain(item, document), [...path, key], draft.layout),
        );
        if (isDeepStrictEqual(before, now)) {
          draft.warn([...path, key], `written twice with the same value (first in line ${firstLineNumber})`);
        } else {
          draft.rawProblem(
            [...path, key],
            `${pathText([...path, key])} is written twice with different values, in lines ${firstLineNumber} and ${line}; remove one`,
          );
        }
      }
    },
  });
}

function plain(pair: Pair, document: Document.Parsed): unknown {
  const value = pair.value as { toJS?: (document: Document.Parsed) => unknown } | null;
  return value?.toJS ? value.toJS(document) : value;
}

/** Path of the last node of a chain of ancestors, in the form that `visit` passes it. */
function pathOf(chain: readonly unknown[]): ConfigPath {
  const path: (string | number)[] = [];
  chain.forEach((node, depth) => {
    if (isPair(node)) path.push(keyText(node));
    const parent = chain[depth - 1];
    if (isSeq(parent)) path.push(parent.items.indexOf(node));
  });
  return path;
}
