import { z } from 'zod';

import { messageOf } from '../kernel/certstream-error.js';
import { type ConfigDraft, type ConfigPath, isTree, pathText } from './config-draft.js';
import type { ConfigLayout } from './config-layout.js';
import type { CertstreamConfig } from './config-schema.js';
import { nearest } from '../kernel/nearest.js';
import { shownValueAt } from './shown-value.js';

const BOUND_ROUNDS = 50;

/**
 * Reports every value that the schema refuses, and returns the configuration without these values, so that the
 * checks between keys can run as well.
 */
export function checkSchema(draft: ConfigDraft): CertstreamConfig | undefined {
  for (let round = 0; round < BOUND_ROUNDS; round++) {
    const result = parse(draft);
    if (result === undefined) return undefined;
    if (result.success) return result.data as CertstreamConfig;
    for (const issue of result.error.issues) report(draft, issue);
    removeRefused(draft, result.error.issues);
  }
  return undefined;
}

/** Returns undefined if a schema of a module throws an error itself, as asynchronous checks and faulty transforms do. */
function parse(draft: ConfigDraft): ReturnType<typeof draft.layout.schema.safeParse> | undefined {
  try {
    return draft.layout.schema.safeParse(draft.data);
  } catch (error) {
    const failing = draft.layout.added.filter(({ section, schema }) => throws(schema, draft.get([section])));
    const path = failing.length === 1 ? [failing[0].section] : [];
    const reason = messageOf(error);
    draft.problem(path, `the schema of the module cannot check this section: ${reason.split('\n', 1)[0]}`);
    return undefined;
  }
}

function throws(schema: z.ZodObject, value: unknown): boolean {
  try {
    schema.safeParse(value ?? {});
    return false;
  } catch {
    return true;
  }
}

function report(draft: ConfigDraft, issue: z.core.$ZodIssue): void {
  const path = issue.path as ConfigPath;
  if (issue.code === 'unrecognized_keys') {
    for (const name of issue.keys) reportUnknownKey(draft, [...path, name]);
  } else if (issue.code === 'invalid_type' && issue.expected === 'object') {
    const value = shownValueAt(path, draft.get(path));
    draft.problem(path, `${value} is not a mapping; write its keys below it, indented`);
  } else if (issue.code === 'invalid_type' && draft.get(path) === undefined) {
    draft.problem(path, 'is missing');
  } else {
    draft.problem(path, issue.message);
  }
}

function removeRefused(draft: ConfigDraft, issues: readonly z.core.$ZodIssue[]): void {
  const paths = issues.flatMap((issue) => {
    const path = issue.path as ConfigPath;
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((name) => [...path, name])
      : [wholeEntry(path)];
  });
  const once = new Map(paths.map((path) => [pathText(path), path]));
  // Last entries first, so that the indices of earlier list entries stay valid.
  for (const path of [...once.values()].toReversed()) draft.delete(path);
}

/** Returns the path of the whole list entry: the key with the problem may be required, so the entry is removed as a whole. */
function wholeEntry(path: ConfigPath): ConfigPath {
  const index = path.findIndex((part) => typeof part === 'number');
  return index === -1 ? path : path.slice(0, index + 1);
}

function reportUnknownKey(draft: ConfigDraft, path: ConfigPath): void {
  const suggestion = suggestFor(draft, path);
  const hint = suggestion
    ? `did you mean ${suggestion}?`
    : 'remove it, or see docs/configuration.md for the keys';
  draft.rawProblem(path, `unknown key ${pathText(path)}; ${hint}`);
}

function suggestFor(draft: ConfigDraft, path: ConfigPath): string | undefined {
  const parent = path.slice(0, -1);
  const name = String(path.at(-1));
  const sibling = nearest(name, siblingNames(draft.layout, parent));
  if (sibling) return pathText([...parent, sibling]);
  const elsewhere = [...draft.layout.keys, ...draft.layout.sections]
    .map((thing) => thing.path)
    .filter((candidate) => candidate.at(-1) === name.toLowerCase());
  if (elsewhere.length === 0) return undefined;
  // A mapping means a section, any other value a key; without such a candidate, the first one of that name is suggested.
  const best =
    elsewhere.find((candidate) => isTree(draft.get(path)) === isSection(draft.layout, candidate)) ??
    elsewhere[0];
  return best.join('.');
}

function isSection(layout: ConfigLayout, path: readonly string[]): boolean {
  return layout.sections.some((section) => section.path.join('.') === path.join('.'));
}

function siblingNames(layout: ConfigLayout, parent: ConfigPath): string[] {
  const list = parent.findIndex((part) => typeof part === 'number');
  if (list !== -1) {
    const key = layout.keys.find((candidate) => candidate.name === parent.slice(0, list).join('.'));
    return childrenOf(
      parent.slice(list + 1),
      (key?.fields ?? []).map((field) => field.path),
    );
  }
  const paths = [...layout.keys, ...layout.sections].map((thing) => thing.path);
  return childrenOf(parent, paths);
}

function childrenOf(parent: ConfigPath, paths: readonly (readonly string[])[]): string[] {
  return paths
    .filter(
      (path) => path.length === parent.length + 1 && parent.every((part, depth) => path[depth] === part),
    )
    .map((path) => path.at(-1)!);
}
