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
  });
  if (document.errors.length > 0) {
    throw new ConfigError(
      'CONFIG_SYNTAX',
      document.errors.map(
        ({ code, message, pos }) =>
          `${file}:${lines.linePos(pos[0]).line}: not valid YAML: ${
            code === 'MULTIPLE_DOCS'
              ? 'only one document is allowed; remove the line "---"'
              : firstLine(message)
          }`,
      ),
    );
  }
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
  const document = parseDocument(text, { prettyErrors: false });
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
