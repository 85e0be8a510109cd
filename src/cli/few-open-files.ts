import { register } from 'node:module';
import { openFileLimit } from '../kernel/open-files.js';

/** Node opens hundreds of modules at once. */
const FILES_OF_NODE = 1024;

/** Lets a process with a low limit of open files (`ulimit -n`) read its modules one after the other. Without this, it could not start. */
export function loadWithFewOpenFiles(): void {
  if ((openFileLimit() ?? Infinity) < FILES_OF_NODE) register('./sequential-loading.js', import.meta.url);
}
