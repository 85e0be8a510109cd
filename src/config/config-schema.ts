import { z } from 'zod';

import { authSection } from './sections/auth.js';
import { clusterSection } from './sections/cluster.js';
import { ctLogSection } from './sections/ct-log.js';
import { generalSection } from './sections/general.js';
import { journalSection } from './sections/journal.js';
import { logListSection } from './sections/log-list.js';
import { logSection } from './sections/log.js';
import { outputsSection } from './sections/outputs/outputs.js';
import { prometheusSection } from './sections/prometheus.js';
import { streamSection } from './sections/stream.js';
import { webserverSection } from './sections/webserver.js';

/**
 * The schema of the configuration: every key with its default, its checks and its description. `cross-checks.ts` checks
 * keys against each other and files. The documentation in `docs/` and `config.sample.yaml` are generated from this schema.
 */
export const configSchema = z.strictObject({
  webserver: webserverSection.prefault({}),
  auth: authSection.prefault({}),
  prometheus: prometheusSection.prefault({}),
  general: generalSection.prefault({}),
  stream: streamSection.prefault({}),
  journal: journalSection.prefault({}),
  outputs: outputsSection,
  cluster: clusterSection.prefault({}),
  log_list: logListSection.prefault({}),
  ct_log: ctLogSection.prefault({}),
  log: logSection.prefault({}),
});

/** The whole configuration, with all defaults filled in. */
export type CertstreamConfig = z.infer<typeof configSchema>;
