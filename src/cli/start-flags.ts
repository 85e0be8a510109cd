import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Flags from the command line and from NODE_OPTIONS. This file does not override them. */
const GIVEN = `${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`;
const IS_YOUNG_GENERATION_GIVEN =
  /--(min|max)[-_]semi[-_]space[-_]size|--semi[-_]space[-_]growth[-_]factor/.test(GIVEN);
const IS_SIZE_GIVEN = /--(no-?)?optimize[-_]for[-_]size/.test(GIVEN);
const IS_COMPILER_GIVEN = /--(no-?)?(opt|turbofan)\b/.test(GIVEN);
/** Two semi-spaces of 2 MB. */
const YOUNG_GENERATION_BYTES = 4 * 1024 * 1024;

/**
 * Keeps the young generation at its initial megabyte. V8 would let it grow to 16 to 32 MB while modules are loaded, and keep
 * that size. A small young generation is collected sooner, which frees the buffers of pages and texts that young objects
 * refer to. V8 reads the growth factor at run time, but the sizes only when the process starts. A factor below 1 crashes V8.
 */
setGrowth(1);
// V8 collects the garbage of module loading sooner. Otherwise the heap stays a third larger than its live objects.
setForSize(true);
// Optimising code that runs once is not worth 10 MB for the compiler, its threads and its output.
setCompiler(false);

/** Ends the start phase, when the modules are loaded and the server listens. From then on, speed counts as well. */
export function endStartPhase(): void {
  setForSize(false);
  letYoungGenerationGrow();
}

/** Lets V8 optimise code that runs often. Call it when the server is busy. */
export function letHotCodeBeOptimised(): void {
  setCompiler(true);
}

/**
 * Lets the young generation double once under load. In a single megabyte, objects that live for some milliseconds are often
 * promoted to the old generation, where pages and texts cause full collections.
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
