import { median } from './percentiles.js';

/** Bytes allocated per item on the JavaScript heap and outside of it (buffers). */
export interface Allocation {
  readonly heap: number;
  readonly buffers: number;
}

/** Measures allocation as the median of many runs, so that runs with a garbage collection have no effect. */
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

/** Returns heapUsed plus external memory after a full garbage collection. Needs `--expose-gc`. */
export function retainedBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('start node with --expose-gc');
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
