import { readFileSync } from 'node:fs';
import { parseIndexFile } from '../../src/ct-log/state/index-file.js';
import { parseStateFile, type SavedLog } from '../../src/ct-log/state/state-file.js';

/** Reads the next index of each log from a `ct_index.json`. */
export function readPositions(path: string): Map<string, number> {
  return parseIndexFile(path, readFileSync(path, 'utf8'));
}

/** Reads the state of each log from a state file. */
export function readStates(path: string): ReadonlyMap<string, SavedLog> {
  return parseStateFile(path, readFileSync(path, 'utf8')).logs;
}
