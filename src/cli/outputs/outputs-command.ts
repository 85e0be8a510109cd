import type { Command } from 'commander';

import type { OutputsOptions } from '../commands/outputs.js';
import { type GlobalOptions, moduleOption, tokenOption } from '../option-values.js';

interface ModuleOptions {
  readonly module: readonly string[];
}

/** Adds `outputs` with `outputs reset` and `outputs test`, whose code is loaded when they run. */
export function addOutputsCommand(program: Command, global: () => GlobalOptions): void {
  const outputs = program
    .command('outputs')
    .description('list the outputs of a running server; reset or test one')
    .option('--url <url>', 'URL of the server (default: its address in the configuration)')
    .addOption(tokenOption())
    .option('--json', 'print JSON', false)
    .addOption(moduleOption())
    .action(async (options: OutputsOptions) => {
      const { listOutputs } = await import('../commands/outputs.js');
      await listOutputs({ ...global(), ...options });
    });

  outputs
    .command('reset')
    .description('change the saved position of an output while the server is stopped')
    .argument('<name>', 'name of the output')
    .requiredOption(
      '--to <place>',
      'head, oldest, a cursor, or a time: RFC 3339, Unix seconds, -90s, -15m or -2h',
    )
    .action(async (name: string, options: { to: string }) => {
      const { resetOutput } = await import('../commands/reset-output.js');
      await resetOutput({ ...global(), ...outputs.opts<ModuleOptions>(), ...options, name });
    });

  outputs
    .command('test')
    .description('send one test message with an output of the configuration')
    .argument('<name>', 'name of the output')
    .action(async (name: string) => {
      const { testOutput } = await import('../commands/test-output.js');
      await testOutput({ ...global(), ...outputs.opts<ModuleOptions>(), name });
    });

  for (const command of outputs.commands) command.copyInheritedSettings(program).allowExcessArguments(false);
}
