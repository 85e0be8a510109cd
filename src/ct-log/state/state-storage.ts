import type { SavedLog } from './state-file.js';

/** Where the states of logs are saved. */
export interface StateStorage {
  /**
   * Saves the states by `logKey(log)`. If it fails, the earlier states stay, or some logs have the new one.
   * @throws StateFileError or ClusterError
   */
  save(states: ReadonlyMap<string, SavedLog>, snapshot?: ReadonlySet<unknown>): Promise<void>;
  /** Notes which states may be saved later, when they are read. */
  snapshot?(): ReadonlySet<unknown>;
}
