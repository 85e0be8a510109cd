import type { ConfigDraft } from './config-draft.js';
import type { CertstreamConfig } from './config-schema.js';
import { checkSecrets } from './output-checks.js';
import { clusterSection } from './sections/cluster.js';
import { journalSection } from './sections/journal.js';

/** Checks the section `cluster`, and warns of settings that have no effect with a cluster, or without one. */
export function checkCluster(config: CertstreamConfig, draft: ConfigDraft): void {
  checkSecrets(config.cluster, ['cluster'], draft);
  if (config.cluster.servers.length === 0) checkWithoutServers(config, draft);
  else checkWithServers(config, draft);
}

function checkWithoutServers({ cluster }: CertstreamConfig, draft: ConfigDraft): void {
  if (cluster.role !== 'all')
    draft.problem(
      ['cluster', 'role'],
      `${cluster.role} needs a cluster; name its NATS servers in cluster.servers`,
    );
  for (const key of changedKeys(cluster, clusterSection.parse({})))
    if (key !== 'role' && !draft.hasProblemAt(['cluster', key]))
      draft.warn(['cluster', key], 'has no effect without cluster.servers');
}

function checkWithServers({ journal, general }: CertstreamConfig, draft: ConfigDraft): void {
  for (const key of changedKeys(journal, journalSection.parse({})))
    draft.warn(
      ['journal', key],
      'has no effect in a cluster, whose journal is a stream of JetStream with the bounds cluster.max_gb and cluster.max_hours',
    );
  if (general.recovery.start === 'head')
    draft.warn(
      ['general', 'recovery', 'start'],
      'head has no effect in a cluster: a log continues where its last member has left it',
    );
}

/** Returns the keys whose values are not the defaults. */
function changedKeys<Section extends object>(section: Section, defaults: Section): readonly string[] {
  return (Object.keys(defaults) as (keyof Section & string)[]).filter(
    (key) => JSON.stringify(section[key]) !== JSON.stringify(defaults[key]),
  );
}
