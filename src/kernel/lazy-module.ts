import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Returns a function that loads a module at its first call. A module that few servers need then costs others no memory. */
export function lazyModule(name: string): () => unknown {
  let loaded: unknown;
  return () => (loaded ??= require(name));
}
