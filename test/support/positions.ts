import { readFileSync } from 'node:fs';
import { parseIndexFile } from '../../src/ct-log/state/index-file.js';
import { parseStateFile, type SavedLog } from '../../src/ct-log/state/state-file.js';

/** Next index by log of a `ct_index.json`. */
export function readPositions(path: string): Map<string, number> {
  return parseIndexFile(path, readFileSync(path, 'utf8'));
}

/** What a state file says of each log. */
export function readStates(path: string): ReadonlyMap<string, SavedLog> {
  return parseStateFile(path, readFileSync(path, 'utf8')).logs;
}
