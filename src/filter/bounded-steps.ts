/** Work in steps of a few milliseconds. The caller runs the next step when it calls `next()`. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Runs all steps at once and returns the result. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Comparisons of one step. */
const STEP = 4096;

/** Returns the texts sorted by UTF-16 code units, each once. */
export function* sortedOnce(texts: readonly string[]): Steps<string[]> {
  let runs: string[][] = [];
  for (let at = 0; at < texts.length; at += STEP) {
    runs.push(once(texts.slice(at, at + STEP).sort()));
    yield;
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let i = 0; i < runs.length; i += 2)
      merged.push(i + 1 < runs.length ? yield* mergedOnce(runs[i], runs[i + 1]) : runs[i]);
    runs = merged;
  }
  return runs[0] ?? [];
}

function once(sorted: string[]): string[] {
  return sorted.filter((text, i) => i === 0 || text !== sorted[i - 1]);
}

/** Merges two sorted lists without repetitions. */
export function* mergedOnce(a: readonly string[], b: readonly string[]): Steps<string[]> {
  const merged: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const text = a[i] < b[j] ? a[i++] : b[j];
    if (text === b[j]) {
      j++;
      if (text === a[i]) i++;
    }
    merged.push(text);
    if (merged.length % STEP === 0) yield;
  }
  for (; i < a.length; i++) merged.push(a[i]);
  for (; j < b.length; j++) merged.push(b[j]);
  return merged;
}

/** Reports whether a list contains a text. @param texts sorted by UTF-16 code units. */
export function includesSorted(texts: readonly string[], text: string): boolean {
  let low = 0;
  let high = texts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (texts[middle] < text) low = middle + 1;
    else high = middle;
  }
  return texts[low] === text;
}
