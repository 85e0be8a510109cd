import { resolve } from 'node:path';

import type { ConfigDraft } from './config-draft.js';
import type { CertstreamConfig } from './config-schema.js';
import { checkNewFile, checkNewFolder, checkPublicKeyFile } from './file-checks.js';
import { shownValue } from './shown-value.js';

type Recovery = CertstreamConfig['general']['recovery'];

const INDEX_FILE = ['general', 'recovery', 'ct_index_file'];
const STATE_FILE = ['general', 'recovery', 'state_file'];
const ISSUER_FILE = ['general', 'recovery', 'issuer_file'];

/** Checks between the keys that define which logs are followed and how. */
export const logChecks = [checkLogs, checkLogList, checkRecovery, checkUseless];

function checkLogs({ general }: CertstreamConfig, draft: ConfigDraft): void {
  const { additional_logs, additional_tiled_logs, disable_default_logs } = general;
  if (disable_default_logs && additional_logs.length + additional_tiled_logs.length === 0) {
    const lists = [
      ['general', 'additional_logs'],
      ['general', 'additional_tiled_logs'],
    ];
    draft.problemUnlessKnown(
      [['general', 'disable_default_logs'], ...lists],
      'leaves no log to follow; add one to general.additional_logs or general.additional_tiled_logs',
    );
  }
  const seen = new Map<string, string>();
  for (const list of ['additional_logs', 'additional_tiled_logs'] as const) {
    general[list].forEach(({ url }, index) => {
      const path = ['general', list, index, 'url'];
      const first = seen.get(url);
      if (first === list) draft.warn(path, `${url} is listed twice; it is followed once`);
      else if (first)
        draft.problem(path, `${shownValue(url)} is in general.${first} too; keep it where its protocol fits`);
      else seen.set(url, list);
    });
  }
}

function checkLogList({ log_list, general }: CertstreamConfig, draft: ConfigDraft): void {
  if (general.disable_default_logs) return;
  if (!log_list.verify_signature) {
    draft.warn(['log_list', 'verify_signature'], 'the signature of the log list is not checked');
    return;
  }
  if (log_list.signature_url === '' && !new URL(log_list.url).pathname.endsWith('.json')) {
    draft.problemUnlessKnown(
      [
        ['log_list', 'url'],
        ['log_list', 'signature_url'],
      ],
      `${shownValue(log_list.url)} does not end in .json; name the URL of its signature in log_list.signature_url`,
    );
  }
  if (log_list.public_key_path !== '')
    checkPublicKeyFile(log_list.public_key_path, ['log_list', 'public_key_path'], draft);
}

function checkRecovery({ general, log_list, ct_log }: CertstreamConfig, draft: ConfigDraft): void {
  if (ct_log.evidence_dir !== '') checkNewFolder(ct_log.evidence_dir, ['ct_log', 'evidence_dir'], draft);
  if (log_list.cache_file !== '') checkNewFile(log_list.cache_file, ['log_list', 'cache_file'], draft);
  const { recovery } = general;
  if (recovery.enabled) {
    checkRecoveryFiles(recovery, draft);
    return checkOwnFiles(recovery, log_list.cache_file, draft);
  }
  const given = [recovery.start !== 'index' && 'start', recovery.max_age !== '' && 'max_age'];
  for (const key of given) {
    if (key !== false)
      draft.warn(['general', 'recovery', key], 'has no effect: general.recovery.enabled is false');
  }
}

function checkRecoveryFiles(recovery: Recovery, draft: ConfigDraft): void {
  checkNewFile(recovery.ct_index_file, INDEX_FILE, draft);
  if (recovery.state_file !== '') checkNewFile(recovery.state_file, STATE_FILE, draft);
  if (recovery.issuer_file !== '') checkNewFile(recovery.issuer_file, ISSUER_FILE, draft);
}

/** Checks that no two keys name the same file: the server replaces each file as a whole. */
function checkOwnFiles(recovery: Recovery, cacheFile: string, draft: ConfigDraft): void {
  const owners = new Map<string, readonly string[]>([[resolve(recovery.ct_index_file), INDEX_FILE]]);
  for (const [path, file] of [
    [STATE_FILE, recovery.state_file],
    [ISSUER_FILE, recovery.issuer_file],
    [['log_list', 'cache_file'], cacheFile],
  ] as const) {
    if (file === '') continue;
    const owner = owners.get(resolve(file));
    if (owner !== undefined)
      draft.problemUnlessKnown([path, owner], `is ${owner.join('.')} too; give each its own file`);
    owners.set(resolve(file), path);
  }
}

/** Warns of keys that have no effect because of the value of another key. */
function checkUseless({ ct_log, general }: CertstreamConfig, draft: ConfigDraft): void {
  if (ct_log.user_agent !== '' && ct_log.contact !== '')
    draft.warn(['ct_log', 'contact'], 'has no effect: ct_log.user_agent replaces the whole User-Agent');
  if (!ct_log.connection_reuse && ct_log.no_connection_reuse_operators.length > 0)
    draft.warn(
      ['ct_log', 'no_connection_reuse_operators'],
      'has no effect: ct_log.connection_reuse is false for all',
    );
  if (general.disable_default_logs && general.excluded_logs.length > 0)
    draft.warn(['general', 'excluded_logs'], 'has no effect: general.disable_default_logs is true');
}
