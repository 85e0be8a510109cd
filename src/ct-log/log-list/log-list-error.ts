import { CertstreamError } from '../../kernel/certstream-error.js';

/**
 * A log list that must not be used:
 * - `CT_LOG_LIST_SIGNATURE`: the signature does not match the list and the key;
 * - `CT_LOG_LIST_MALFORMED`: not a log list of the v3 schema;
 * - `CT_LOG_LIST_SHRUNKEN`: the list has no log to follow, or far fewer than before;
 * - `CT_LOG_LIST_OLDER`: the list is older than the list in use;
 * - `CT_LOG_LIST_KEY`: `log_list.public_key_path` cannot be read as a key.
 */
export class LogListError extends CertstreamError {}
