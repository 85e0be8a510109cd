import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Flags that somebody set on the command line or in NODE_OPTIONS are left as they are. */
const GIVEN = `${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`;
const IS_YOUNG_GENERATION_GIVEN =
  /--(min|max)[-_]semi[-_]space[-_]size|--semi[-_]space[-_]growth[-_]factor/.test(GIVEN);
const IS_SIZE_GIVEN = /--(no-?)?optimize[-_]for[-_]size/.test(GIVEN);
const IS_COMPILER_GIVEN = /--(no-?)?(opt|turbofan)\b/.test(GIVEN);
/** Two semi-spaces of 2 MB. */
const YOUNG_GENERATION_BYTES = 4 * 1024 * 1024;

/**
 * Keeps the young generation at its first megabyte, where V8 would let it grow to 16 to 32 while modules are loaded, and
 * keep them: the buffers of pages and texts hang on young objects, and are given back as soon as these are collected. Works
 * at run time; the sizes themselves are read by V8 only when the process starts. Below 1 V8 crashes.
 */
setGrowth(1);
// What loading modules leaves behind is collected sooner; without it, the heap stays a third larger than what lives in it.
setForSize(true);
// Code that runs once is not worth its 10 MB: those of the compiler itself, of its threads and of what it makes.
setCompiler(false);

/** The modules are loaded and everything listens: from now on speed counts as well. */
export function endStartPhase(): void {
  setForSize(false);
  letYoungGenerationGrow();
}

/** V8 may optimise what runs often. To be called as soon as there is enough to do. */
export function letHotCodeBeOptimised(): void {
  setCompiler(true);
}

/**
 * Lets the young generation double once under load: in a single megabyte, what lives for some milliseconds is often
 * taken for old, and old pages and texts make full collections.
 */
function letYoungGenerationGrow(): void {
  if (IS_YOUNG_GENERATION_GIVEN) return;
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
  if (!IS_YOUNG_GENERATION_GIVEN) setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}

function setForSize(on: boolean): void {
  if (!IS_SIZE_GIVEN) setFlagsFromString(on ? '--optimize-for-size' : '--no-optimize-for-size');
}

function setCompiler(on: boolean): void {
  if (!IS_COMPILER_GIVEN) setFlagsFromString(on ? '--opt' : '--no-opt');
}
