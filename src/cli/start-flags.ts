import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Who sets the size of the young generation on the command line or in NODE_OPTIONS wants to have it. */
const YOUNG_GENERATION = /--(min|max)[-_]semi[-_]space[-_]size|--semi[-_]space[-_]growth[-_]factor/;
const isLeftAlone = YOUNG_GENERATION.test(`${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`);
/** Two semi-spaces of 2 MB. */
const YOUNG_GENERATION_BYTES = 4 * 1024 * 1024;

/**
 * Keeps the young generation at its first megabyte, where V8 would let it grow to 16 to 32 while modules are loaded, and
 * keep them: the buffers of pages and texts hang on young objects, and are given back as soon as these are collected. Works
 * at run time; the sizes themselves are read by V8 only when the process starts. Below 1 V8 crashes.
 */
if (!isLeftAlone) setGrowth(1);

/**
 * Lets the young generation double once under load: in a single megabyte, what lives for some milliseconds is often
 * taken for old, and old pages and texts make full collections.
 */
export function letYoungGenerationGrow(): void {
  if (isLeftAlone) return;
  setGrowth(2);
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (young !== undefined && young.space_size < YOUNG_GENERATION_BYTES) return;
    setGrowth(1);
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}

function setGrowth(factor: 1 | 2): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
