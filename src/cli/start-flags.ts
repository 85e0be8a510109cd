import { setFlagsFromString } from 'node:v8';

/** Who sets the size of the young generation on the command line or in NODE_OPTIONS wants to have it. */
const YOUNG_GENERATION = /--(min|max)[-_]semi[-_]space[-_]size|--semi[-_]space[-_]growth[-_]factor/;

/**
 * Keeps the young generation at its first megabyte, where V8 would let it grow to 16 to 32 and keep them: the buffers
 * of pages and texts hang on young objects, and are given back as soon as these are collected. Works at run
 * time, before the heap has grown; the sizes themselves are read by V8 only when the process starts. Below 1 V8 crashes.
 */
const KEEP_YOUNG_GENERATION = '--semi-space-growth-factor=1';

if (!YOUNG_GENERATION.test(`${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`)) {
  setFlagsFromString(KEEP_YOUNG_GENERATION);
}
