import type { CertstreamConfig } from '../config/config-schema.js';
import type { CtLog } from '../ct-log/ct-log.js';
import type { CtHttpClient } from '../ct-log/http/ct-http-client.js';
import { parseLogList } from '../ct-log/log-list/log-list.js';
import { logListCachePath, readLogListCache, type SignedLogList } from '../ct-log/log-list/log-list-cache.js';
import { LogListError } from '../ct-log/log-list/log-list-error.js';
import { readLogListKey, verifyLogList } from '../ct-log/log-list/log-list-signature.js';
import { configuredLogs, mergeLogs, withoutExcluded } from '../ct-log/log-list/select-logs.js';

/**
 * All logs that the configuration names, those of the log list included; the cached list where the network or the
 * signature fails.
 * @throws LogListError, CtLogError when there is neither
 */
export async function readLogs(
  config: CertstreamConfig,
  http: CtHttpClient,
  complain: (line: string) => void,
): Promise<CtLog[]> {
  const { general, log_list } = config;
  const configured = configuredLogs(general);
  if (general.disable_default_logs) return configured;
  const read = (signed: SignedLogList) => parseLogList(verified(signed, log_list)).logs;
  const fromCache = async (reason: unknown): Promise<readonly CtLog[]> => {
    const cached = await readLogListCache(logListCachePath(log_list.cache_file), log_list.url);
    if (!cached) throw reason;
    complain(`The log list is from the cache: ${(reason as Error).message}`);
    return read(cached);
  };
  const listed = await downloadLogList(log_list, http).then(read).catch(fromCache);
  return mergeLogs(configured, withoutExcluded(listed, general.excluded_logs));
}

async function downloadLogList(
  config: CertstreamConfig['log_list'],
  http: CtHttpClient,
): Promise<SignedLogList> {
  const list = await http.get(config.url);
  if (!config.verify_signature) return { list };
  return { list, signature: await http.get(config.signature_url || config.url.replace(/\.json$/, '.sig')) };
}

function verified({ list, signature }: SignedLogList, config: CertstreamConfig['log_list']): Buffer {
  if (!config.verify_signature) return list;
  if (!signature) throw new LogListError('CT_LOG_LIST_SIGNATURE', 'the log list has no signature');
  verifyLogList(list, signature, readLogListKey(config.public_key_path));
  return list;
}
