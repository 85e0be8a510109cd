import { constants } from 'node:os';

import { CtHttpClient } from '../../ct-log/client/http/ct-http-client.js';
import { abortControllerForMany } from '../../kernel/abort-controller.js';
import { decodeBase64 } from '../../kernel/base64.js';
import { STOP_SIGNALS, type StopSignal } from '../early-signals.js';
import { ExportFile } from '../export/export-file.js';
import { LogExport, type LogExportOptions } from '../export/log-export.js';
import { parseTime } from '../export/since.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { endStartPhase, letHotCodeBeOptimised } from '../start-flags.js';
import { UsageError } from '../usage-error.js';

export interface ExportOptions extends LoadOptions, Omit<LogExportOptions, 'key'> {
  /** Key of a log that the log list does not contain: DER SubjectPublicKeyInfo in base64. */
  readonly key?: string;
  readonly force: boolean;
}

/** Writes a range of a log, compared with the tree that the log signed. */
export async function exportRange(options: ExportOptions): Promise<void> {
  const key = checked(options);
  const { config } = await loadForCommand(options);
  endStartPhase();
  letHotCodeBeOptimised();
  const stopped = abortControllerForMany();
  const file = options.out === '-' ? undefined : await ExportFile.reserve(options.out, options.force);
  let signal: StopSignal | undefined;
  const stop = (name: StopSignal): void => {
    if (signal !== undefined) process.exit(128 + constants.signals[name]);
    signal = name;
    stopped.abort();
  };
  for (const name of STOP_SIGNALS) process.on(name, stop);
  const http = CtHttpClient.fromConfig(config);
  try {
    await new LogExport({ ...options, key }, config, http, file, stopped.signal).run();
  } catch (error) {
    // Requests end with an error when they are aborted.
    if (signal === undefined) throw error;
  } finally {
    await http.close();
    await file?.close();
    for (const name of STOP_SIGNALS) process.off(name, stop);
  }
  if (signal === undefined) return;
  const hint = file === undefined ? '' : '; run the same command again to continue';
  process.stderr.write(`stopped before the end${hint}\n`);
  process.exitCode = 128 + constants.signals[signal];
}

/** Checks the options that do not need the log. @returns the key of `--key`. */
function checked({ from, to, since, key }: ExportOptions): Buffer | undefined {
  if (from === undefined && since === undefined) throw new UsageError('use --from or --since');
  if (from !== undefined && to !== undefined && to < from)
    throw new UsageError(`--to ${to} is before --from ${from}`);
  if (since !== undefined) parseTime(since, Date.now());
  if (key === undefined) return undefined;
  const der = decodeBase64(key);
  if (der === undefined || der.length === 0) throw new UsageError('--key is not base64');
  return der;
}
