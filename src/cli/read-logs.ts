import type { CertstreamConfig } from '../config/config-schema.js';
import type { CtLog } from '../ct-log/client/ct-log.js';
import type { CtHttpClient } from '../ct-log/client/http/ct-http-client.js';
import type { LogList } from '../ct-log/log-list/log-list.js';
import { LogListSource } from '../ct-log/log-list/log-list-source.js';
import { configuredLogs, mergeLogs, withoutExcluded } from '../ct-log/log-list/select-logs.js';

/**
 * Returns all logs that the configuration selects, including those of the log list. If the download of the list or its
 * signature fails, the cached list is used.
 * @throws LogListError, CtLogError when there is no cached list either
 */
export async function readLogs(
  config: CertstreamConfig,
  http: CtHttpClient,
  complain: (line: string) => void,
): Promise<CtLog[]> {
  const { general } = config;
  const configured = configuredLogs(general);
  if (general.disable_default_logs) return configured;
  const list = await readLogList(new LogListSource(config.log_list, http), complain);
  return mergeLogs(configured, withoutExcluded(list.logs, general.excluded_logs));
}

async function readLogList(source: LogListSource, complain: (line: string) => void): Promise<LogList> {
  const onUnwritable = (error: unknown) =>
    complain(`The log list could not be cached: ${(error as Error).message}`);
  try {
    return await source.download(undefined, new AbortController().signal, onUnwritable);
  } catch (error) {
    const cached = await source.readCache();
    if (!cached) throw error;
    complain(`The log list is from the cache: ${(error as Error).message}`);
    return cached;
  }
}
