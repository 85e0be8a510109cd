import { bad, type BadConfig } from './bad-config.js';

/** Configurations whose values are valid, but contradict each other or leave the server nothing to do. */
export const CONTRADICTORY_CONFIGS: readonly BadConfig[] = [
  bad(
    'no log left',
    'general:|  disable_default_logs: true',
    2,
    'general.disable_default_logs',
    'additional_logs',
  ),
  bad(
    'exclusion that excludes nothing',
    'general:|  excluded_logs:|    - operator: ""',
    3,
    'general.excluded_logs[0]',
    'operator or a url',
  ),
  bad(
    'one log in both lists',
    'general:|  additional_logs: [{url: ct.example/a}]|  additional_tiled_logs: [{url: "https://ct.example/a/"}]',
    3,
    'general.additional_tiled_logs[0].url',
    'additional_logs',
  ),
  bad(
    'one file for two things',
    'general:|  recovery:|    enabled: true|    ct_index_file: ./a.json|    state_file: a.json',
    5,
    'general.recovery.state_file',
    'give each its own file',
  ),
  bad(
    'a token that opens nothing',
    'auth:|  tokens:|    - name: a|      token: 0123456789abcdef|      streams: []',
    5,
    'auth.tokens[0].streams',
    'is empty',
  ),
  bad(
    'heartbeats for no stream',
    'stream:|  heartbeat_seconds: 10|  heartbeat_streams: []',
    3,
    'stream.heartbeat_streams',
    'heartbeat_seconds',
  ),
  bad(
    'log list and state in one file',
    'general:|  recovery:|    enabled: true|    state_file: ./a.json|log_list:|  cache_file: a.json',
    6,
    'log_list.cache_file',
    'general.recovery.state_file too',
  ),
];
