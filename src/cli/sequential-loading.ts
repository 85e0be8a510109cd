import { readFileSync } from 'node:fs';
import type { LoadHook } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Hook of Node's module loader that has at most one module open. Other kinds of modules are read in this way by Node itself. */
export const load: LoadHook = (url, context, nextLoad) =>
  context.format === 'module' && url.startsWith('file:')
    ? { format: 'module', source: readFileSync(fileURLToPath(url)), shortCircuit: true }
    : nextLoad(url, context);
