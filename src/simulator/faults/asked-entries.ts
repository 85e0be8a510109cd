import { TILE_WIDTH } from '../log/merkle-tree.js';
import type { IncomingLogRequest } from '../log/request-context.js';

/** The entries that a request names, the end exclusive; undefined when it names none. */
function askedEntries({ query, path }: IncomingLogRequest): { from: number; to: number } | undefined {
  const leaf = query.get('leaf_index');
  if (leaf !== null) return { from: Number(leaf), to: Number(leaf) + 1 };
  const start = query.get('start');
  if (start !== null) return { from: Number(start), to: Number(query.get('end')) + 1 };
  const [, index] = /^\/tile\/data\/([x/\d]+)/.exec(path) ?? [];
  if (index === undefined) return undefined;
  const from = Number(index.replaceAll(/[x/]/g, '')) * TILE_WIDTH;
  return { from, to: from + TILE_WIDTH };
}

/** For a fault of requests for more than `count` entries: a log that refuses large pages. */
export function asksForMoreThan(count: number): (request: IncomingLogRequest) => boolean {
  return (request) => {
    const asked = askedEntries(request);
    return asked !== undefined && asked.to - asked.from > count;
  };
}

/** For a fault of requests that name one of these entries: a log that cannot serve them. */
export function includesEntry(...indices: readonly number[]): (request: IncomingLogRequest) => boolean {
  return (request) => {
    const asked = askedEntries(request);
    return asked !== undefined && indices.some((index) => index >= asked.from && index < asked.to);
  };
}
