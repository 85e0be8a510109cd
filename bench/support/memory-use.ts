/** Bytes allocated per item: JavaScript heap, and memory outside of it (buffers). */
export interface Allocation {
  readonly heap: number;
  readonly buffers: number;
}

/** The median of many single runs: those that a collection happened in do not count. */
export function allocationPerItem(runs: number, itemsPerRun: number, work: () => unknown): Allocation {
  const heap: number[] = [];
  const buffers: number[] = [];
  for (let run = 0; run < runs; run++) {
    const before = process.memoryUsage();
    work();
    const after = process.memoryUsage();
    heap.push((after.heapUsed - before.heapUsed) / itemsPerRun);
    buffers.push((after.arrayBuffers - before.arrayBuffers) / itemsPerRun);
  }
  return { heap: median(heap), buffers: median(buffers) };
}

/** heapUsed and external memory, after a full collection; needs `--expose-gc`. */
export function retainedBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('start node with --expose-gc');
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
