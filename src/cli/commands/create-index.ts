import { abortControllerForMany } from '../../kernel/abort-controller.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { reasonOf } from '../../config/file-checks.js';
import { stateFilePath } from '../../config/state-file-path.js';
import { createCtLogClient } from '../../ct-log/client/create-ct-log-client.js';
import { type CtLog, logKey } from '../../ct-log/client/ct-log.js';
import type { CtLogClient } from '../../ct-log/client/ct-log-client.js';
import { CtLogError } from '../../ct-log/client/ct-log-error.js';
import { CtHttpClient } from '../../ct-log/client/http/ct-http-client.js';
import type { SavedLog } from '../../ct-log/state/state-file.js';
import { StateFiles, writeIndexFile } from '../../ct-log/state/state-files.js';
import { fatalLine } from '../fatal-lines.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { newFile } from '../new-file.js';
import { readLogs } from '../read-logs.js';

/** Logs that are queried at the same time. */
const CONCURRENCY = 8;

export interface CreateIndexOptions extends LoadOptions {
  readonly out?: string;
  readonly force: boolean;
}

/**
 * Writes the tree size of every log as the next index to fetch: to both files that `serve` reads, or with `out` to
 * one file in the Go server's format. A log that fails is reported and left out.
 */
export async function createIndex(options: CreateIndexOptions): Promise<void> {
  const { config, warnings } = await loadForCommand(options);
  const complain = (line: string) => process.stderr.write(fatalLine(line, 'text'));
  for (const warning of warnings) complain(`Warning: ${warning}`);
  const paths = outputPaths(options, config);
  const [path, statePath] = paths;
  const both = statePath === undefined ? undefined : new StateFiles(statePath, path);
  const http = CtHttpClient.fromConfig(config);
  try {
    await both?.lock();
    const logs = await readLogs(config, http, complain);
    const states = await currentStates(logs, (log) => createCtLogClient(log, http), complain);
    const files = paths.join(' and ');
    if (states.size === 0) {
      throw new CtLogError(
        'CT_UNREACHABLE',
        `none of ${logs.length} logs returned its tree size; ${files} was not written`,
      );
    }
    await (both === undefined ? writeIndexFile(path, states) : both.save(states));
    process.stdout.write(`Wrote the positions of ${states.size} of ${logs.length} logs to ${files}\n`);
  } finally {
    await http.close();
    await both?.unlock();
  }
}

/** Paths of the files to write: the index file and, without `out`, the state file. */
function outputPaths({ out, force }: CreateIndexOptions, { general }: CertstreamConfig): string[] {
  const { recovery } = general;
  const paths = out ? [out] : [recovery.ct_index_file, stateFilePath(recovery)];
  return paths.map((path) => newFile(path, force));
}

/** Fetches the tree heads of all logs. The result contains, by {@link logKey}, every log that returned one. */
async function currentStates(
  logs: readonly CtLog[],
  clientOf: (log: CtLog) => CtLogClient,
  complain: (line: string) => void,
): Promise<Map<string, SavedLog>> {
  const states = new Map<string, SavedLog>();
  const signal = abortControllerForMany().signal;
  const waiting = [...logs];
  const worker = async (): Promise<void> => {
    for (let log = waiting.shift(); log; log = waiting.shift()) {
      try {
        const head = await clientOf(log).getTreeHead(signal);
        states.set(logKey(log), { next: head.treeSize, head, asOf: Date.now(), gaps: [] });
      } catch (error) {
        complain(
          `Left out ${log.source.name}: ${error instanceof CtLogError ? error.message : reasonOf(error)}`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return states;
}
