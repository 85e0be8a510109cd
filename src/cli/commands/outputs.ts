import { existsSync } from 'node:fs';

import type { CertstreamConfig } from '../../config/config-schema.js';
import { cursorAt } from '../../feed/cursor.js';
import { JournalError } from '../../feed/journal/journal-error.js';
import { printable, printableJson } from '../../logging/printable.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { SavedPositions } from '../outputs/saved-positions.js';
import {
  fetchOutputs,
  ownToken,
  serverAddress,
  ServerError,
  type ServerOutputs,
} from '../outputs/server-outputs.js';
import { textTable } from '../text-table.js';

export interface OutputsOptions extends LoadOptions {
  /** URL of the server. Default: the address in the configuration. */
  readonly url?: string;
  readonly token?: string;
  readonly json: boolean;
}

/** Prints the outputs of a running server, or the saved positions of a stopped one. */
export async function listOutputs(options: OutputsOptions): Promise<void> {
  const { config } = await loadForCommand(options);
  const address = serverAddress(options.url, config);
  let running: ServerOutputs;
  try {
    // The token of the configuration must not be sent to another server.
    const own = options.url === undefined ? ownToken(config) : undefined;
    running = await fetchOutputs(address, options.token ?? own);
  } catch (error) {
    if (!(error instanceof ServerError) || error.reason !== 'SERVER_UNREACHABLE') throw error;
    if (options.url !== undefined) throw error;
    return printSaved(config, error, options.json);
  }
  const inCluster = running.some(({ member }) => member !== null);
  print(options.json, { running: true, outputs: running }, [
    ['NAME', 'TYPE', ...(inCluster ? ['MEMBER'] : []), 'RECORD', 'RECEIVED BEFORE', 'BACKLOG', 'LAST ERROR'],
    ...running.map((output) => [
      output.name,
      output.type ?? '-',
      ...(inCluster ? [output.member ?? '-'] : []),
      String(output.position.seq),
      output.position.time,
      backlogText(output.backlog),
      errorText(output),
    ]),
  ]);
}

async function printSaved(config: CertstreamConfig, error: ServerError, json: boolean): Promise<void> {
  const { store, path } = config.journal;
  if (store === 'memory' || !existsSync(path)) throw error;
  let saved: SavedPositions;
  try {
    saved = await SavedPositions.open(config);
  } catch (reason) {
    if (!(reason instanceof JournalError) || reason.code !== 'JOURNAL_LOCKED') throw reason;
    throw new ServerError(
      error.reason,
      `${error.message}, but a running server uses ${path}; name it with --url`,
      error,
    );
  }
  try {
    const { journal, cursors, names } = saved;
    process.stderr.write(`${printable(error.message)}; these are the saved positions in ${path}\n`);
    const outputs = [];
    for (const name of names) {
      const { after: seq, reason = null } = cursors.start(name);
      const type = config.outputs.find((output) => output.name === name)?.type ?? null;
      const cursor = cursorAt(journal, { seq: seq + 1, index: 0 });
      const entries = await journal.entriesAfter(seq);
      outputs.push({ name, type, position: { seq, cursor }, backlog: { entries }, note: reason });
    }
    print(json, { running: false, outputs }, [
      ['NAME', 'TYPE', 'RECORD', 'BACKLOG', ''],
      ...outputs.map(({ name, type, position, backlog, note }) => [
        name,
        type ?? '-',
        String(position.seq),
        `${backlog.entries} entries`,
        note ?? '',
      ]),
    ]);
  } finally {
    await saved.close();
  }
}

function backlogText({ entries, bytes, seconds }: ServerOutputs[number]['backlog']): string {
  if (entries === 0) return 'none';
  return `${entries} entries, ${(bytes / 2 ** 20).toFixed(1)} MiB, ${Math.round(seconds)} s`;
}

function errorText({ last_error: error, failing_since: since }: ServerOutputs[number]): string {
  if (error === null) return 'none';
  const text = [error.code, error.message].filter((part) => part !== null).join(': ');
  return since === null ? `${text} (resolved, ${error.time})` : `${text} (failing since ${since})`;
}

function print(json: boolean, document: object, rows: readonly (readonly string[])[]): void {
  process.stdout.write(
    json
      ? `${printableJson(JSON.stringify(document))}\n`
      : rows.length === 1
        ? 'no outputs\n'
        : textTable(rows),
  );
}
