import type { Command } from 'commander';

import type { ClusterOptions, ExportStateOptions } from './commands/cluster.js';
import { type GlobalOptions, moduleOption, tokenOption } from './option-values.js';

/** Adds `cluster` with `cluster export-state`, whose code is loaded when they run. */
export function addClusterCommand(program: Command, global: () => GlobalOptions): void {
  const cluster = program
    .command('cluster')
    .description('show the members of a cluster and what each does; export the states of its logs')
    .option('--url <url>', 'URL of a member (default: its address in the configuration)')
    .addOption(tokenOption())
    .option('--json', 'print JSON', false)
    .addOption(moduleOption())
    .action(async (options: ClusterOptions) => {
      const { showCluster } = await import('./commands/cluster.js');
      await showCluster({ ...global(), ...options });
    });

  cluster
    .command('export-state')
    .description('write the states of all logs of the cluster as the state file of a single server')
    .option('-o, --out <file>', 'the file to write (default: the state file of general.recovery)')
    .option('-f, --force', 'overwrite an existing file', false)
    .action(async (options: Omit<ExportStateOptions, 'config'>) => {
      const { exportState } = await import('./commands/cluster.js');
      await exportState({ ...global(), ...cluster.opts<{ module: readonly string[] }>(), ...options });
    });

  for (const command of cluster.commands) command.copyInheritedSettings(program).allowExcessArguments(false);
}
