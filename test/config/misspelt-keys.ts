import { bad, type BadConfig } from './bad-config.js';

/** Configurations with a key that does not exist. */
export const MISSPELT_KEYS: readonly BadConfig[] = [
  bad(
    'camel case key',
    'webserver:|  listen_addr: "::"|  listenPort: 80',
    3,
    'unknown key webserver.listenPort',
    'did you mean webserver.listen_port?',
  ),
  bad(
    'misspelt key',
    'webserver:|  domain_only_url: /d',
    2,
    'webserver.domain_only_url',
    'did you mean webserver.domains_only_url?',
  ),
  bad('misspelt section', 'webservr:|  listen_port: 80', 1, 'webservr', 'did you mean webserver?'),
  bad(
    'key of another section',
    'ct_index_file: ./x.json',
    1,
    'ct_index_file',
    'did you mean general.recovery.ct_index_file?',
  ),
  bad('key unlike any known', 'general:|  frobnicate: 1', 2, 'general.frobnicate', 'docs/configuration.md'),
  bad(
    'misspelt key of a list entry',
    'general:|  additional_logs:|    - url: https://ct.example/a|      operater: X',
    4,
    'general.additional_logs[0].operater',
    'operator?',
  ),
];
