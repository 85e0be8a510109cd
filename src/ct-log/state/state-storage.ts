import type { SavedLog } from './state-file.js';

/** Where the states of logs are saved. */
export interface StateStorage {
  /**
   * Saves the states by `logKey(log)`. If it fails, the earlier states stay, or some logs have the new one.
   * @throws StateFileError or ClusterError
   */
  save(states: ReadonlyMap<string, SavedLog>): Promise<void>;
}
