/** Growth over the window: what a log published, and what the server ingested of it. */
export interface Growth {
  readonly published: number;
  readonly ingested: number;
  /** SVG paths in a box of `width` by `height`, with the same scale; empty without two samples. */
  readonly publishedPath: string;
  readonly ingestedPath: string;
}

type Samples = readonly (number | null)[];

/**
 * Returns the growth of a log since the first sample of its index, which is where the server began within the window.
 * @param treeSizes published entries, and `indices` ingested entries, of each sample.
 */
export function growthOf(treeSizes: Samples, indices: Samples, width: number, height: number): Growth {
  const start = indices.find((value) => value !== null) ?? treeSizes.find((value) => value !== null) ?? 0;
  const published = Math.max(0, (treeSizes.findLast((value) => value !== null) ?? start) - start);
  const ingested = Math.max(0, (indices.findLast((value) => value !== null) ?? start) - start);
  const scale = { start, top: Math.max(published, ingested, 1), width, height };
  return {
    published,
    ingested,
    publishedPath: pathOf(treeSizes, scale),
    ingestedPath: pathOf(indices, scale),
  };
}

interface Scale {
  readonly start: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function pathOf(samples: Samples, { start, top, width, height }: Scale): string {
  if (samples.length < 2) return '';
  const step = width / (samples.length - 1);
  let path = '';
  let isDrawing = false;
  samples.forEach((value, at) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const y = height - (Math.min(Math.max(value - start, 0), top) / top) * height;
    path += `${isDrawing ? 'L' : 'M'}${round(at * step)} ${round(y)}`;
    isDrawing = true;
  });
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
