import type { LogProtocol } from '../../certificate/certificate-message.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { withoutScheme } from '../../config/log-url.js';
import { decodeBase64 } from '../../kernel/base64.js';
import { type CtLog, logIdOf, logKey, UNKNOWN_OPERATOR } from '../client/ct-log.js';

type GeneralConfig = CertstreamConfig['general'];
type AdditionalLog = Omit<GeneralConfig['additional_logs'][number], 'data_tiles'> & {
  readonly data_tiles?: boolean;
  readonly submission_url?: string;
};

/** Removes the logs that `excluded_logs` names by operator, monitoring URL or submission URL. */
export function withoutExcluded(logs: readonly CtLog[], excluded: GeneralConfig['excluded_logs']): CtLog[] {
  const operators = new Set(excluded.map(({ operator }) => operator.trim().toLowerCase()).filter(Boolean));
  const urls = new Set(excluded.map(({ url }) => withoutScheme(url)));
  return logs.filter(({ source, submissionUrl }) => {
    if (operators.has(source.operator.toLowerCase()) || urls.has(logKey({ source }))) return false;
    return submissionUrl === undefined || !urls.has(withoutScheme(submissionUrl));
  });
}

/** Returns the logs of `additional_logs` and `additional_tiled_logs`. */
export function configuredLogs(general: GeneralConfig): CtLog[] {
  return [
    ...general.additional_logs.map((log) => configuredLog(log, 'rfc6962')),
    ...general.additional_tiled_logs.map((log) => configuredLog(log, 'tiled')),
  ];
}

/**
 * Merges the configured logs with those of the list, so that each URL occurs once. The configuration of a log wins over the
 * list; fields that it does not set, such as the key, come from the list.
 */
export function mergeLogs(configured: readonly CtLog[], listed: readonly CtLog[]): CtLog[] {
  const merged = new Map<string, CtLog>();
  for (const log of listed) if (!merged.has(logKey(log))) merged.set(logKey(log), log);
  for (const log of configured) {
    const key = logKey(log);
    const known = merged.get(key);
    merged.set(
      key,
      known === undefined || known.source.type !== log.source.type ? log : complete(log, known),
    );
  }
  return [...merged.values()];
}

function configuredLog(log: AdditionalLog, type: LogProtocol): CtLog {
  const { url, submission_url: submissionUrl = '' } = log;
  const key = log.key === '' ? undefined : decodeBase64(log.key);
  return {
    source: {
      name: log.description || withoutScheme(url),
      url,
      operator: log.operator,
      type,
      ...(key !== undefined && { logId: logIdOf(key) }),
    },
    ...(submissionUrl === '' ? {} : { submissionUrl }),
    ...(key === undefined ? {} : { key }),
    ...(log.data_tiles === true ? { dataTiles: true } : {}),
    configured: true,
  };
}

function complete(log: CtLog, known: CtLog): CtLog {
  const { name, operator } = log.source;
  return {
    ...known,
    ...log,
    source: {
      ...known.source,
      ...log.source,
      name: name === withoutScheme(log.source.url) ? known.source.name : name,
      operator: operator === UNKNOWN_OPERATOR ? known.source.operator : operator,
    },
  };
}
