import type { LogRequestContext, ServedEntry } from './request-context.js';

/** Entries `start` to `end` (exclusive) after the faults of this request; undefined when there are none. */
export function editedEntries(
  context: LogRequestContext,
  start: number,
  end: number,
): ServedEntry[] | undefined {
  if (context.entryEdits.length === 0) return undefined;
  const range = (from: number, to: number): ServedEntry[] =>
    Array.from({ length: Math.max(0, to - from) }, (_, i) => context.history.entry(from + i));
  const following = (count: number): ServedEntry[] => {
    const more = range(end, Math.min(end + count, context.history.size));
    const last = more.at(-1) ?? context.history.entry(end - 1);
    return [...more, ...Array.from({ length: count - more.length }, () => last)];
  };
  return context.entryEdits.reduce((entries, edit) => edit(entries, following), range(start, end));
}
