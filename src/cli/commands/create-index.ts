import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { CertstreamConfig } from '../../config/config-schema.js';
import { reasonOf } from '../../config/file-checks.js';
import { createCtLogClient } from '../../ct-log/create-ct-log-client.js';
import { type CtLog, logKey } from '../../ct-log/ct-log.js';
import type { CtLogClient } from '../../ct-log/ct-log-client.js';
import { CtLogError } from '../../ct-log/ct-log-error.js';
import { CtHttpClient } from '../../ct-log/http/ct-http-client.js';
import { writeIndexFile } from '../../ct-log/state/index-file.js';
import { loadForCommand } from '../load-for-command.js';
import { readLogs } from '../read-logs.js';
import { UsageError } from '../usage-error.js';

/** Logs asked at the same time. */
const CONCURRENCY = 8;

export interface CreateIndexOptions {
  readonly config?: string;
  readonly out?: string;
  readonly force: boolean;
}

/** Writes the tree size of every log as the next index to fetch. A log that fails is reported and left out. */
export async function createIndex(options: CreateIndexOptions): Promise<void> {
  const { config, warnings } = loadForCommand(options);
  const complain = (line: string) => process.stderr.write(`${line}\n`);
  for (const warning of warnings) complain(`Warning: ${warning}`);
  const path = outputPath(options, config);
  const http = CtHttpClient.fromConfig(config);
  try {
    const logs = await readLogs(config, http, complain);
    const positions = await currentPositions(logs, (log) => createCtLogClient(log, http), complain);
    if (positions.size === 0) {
      throw new CtLogError(
        'CT_UNREACHABLE',
        `none of ${logs.length} logs gave its size; ${path} was not written`,
      );
    }
    await writeIndexFile(path, positions);
    process.stdout.write(`Wrote the positions of ${positions.size} of ${logs.length} logs to ${path}\n`);
  } finally {
    await http.close();
  }
}

function outputPath({ out, force }: CreateIndexOptions, config: CertstreamConfig): string {
  const path = resolve(out || config.general.recovery.ct_index_file);
  if (!existsSync(dirname(path))) throw new UsageError(`${path}: the folder does not exist`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`${path} is a folder; name the file in it`);
  }
  if (existsSync(path) && !force) throw new UsageError(`${path} exists already; use --force to overwrite it`);
  return path;
}

/** Tree size by {@link logKey} of every log that gives a tree head. */
export async function currentPositions(
  logs: readonly CtLog[],
  clientOf: (log: CtLog) => CtLogClient,
  complain: (line: string) => void,
): Promise<Map<string, number>> {
  const positions = new Map<string, number>();
  const signal = new AbortController().signal;
  const waiting = [...logs];
  const worker = async (): Promise<void> => {
    for (let log = waiting.shift(); log; log = waiting.shift()) {
      try {
        positions.set(logKey(log), (await clientOf(log).getTreeHead(signal)).treeSize);
      } catch (error) {
        complain(
          `Left out ${log.source.name}: ${error instanceof CtLogError ? error.message : reasonOf(error)}`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return positions;
}
