import { Command, Option } from 'commander';

import type { ClusterRole } from '../cluster/member-info.js';
import { CONFIG_PATHS } from '../config/config-paths.js';
import { nearest } from '../kernel/nearest.js';
import { shownValue } from '../config/shown-value.js';
import type { PickOptions } from './commands/pick.js';
import { addClusterCommand } from './cluster-command.js';
import { addExportCommand } from './export/export-command.js';
import { takeEarlySignal } from './early-signals.js';
import { type GlobalOptions, moduleOption, wholeNumber } from './option-values.js';
import { fatalLine, lineFormat, logProcessEvents } from './fatal-lines.js';
import { handleOutputErrors } from './output-errors.js';
import { addOutputsCommand } from './outputs/outputs-command.js';
import { reportFailure } from './report-failure.js';
import { UsageError } from './usage-error.js';
import { versionText } from './version.js';
import { addWatchCommand } from './watch/watch-command.js';

interface ModuleOptions {
  readonly module: readonly string[];
}

/** Commands that stop on a signal and end with exit code 0. A signal ends any other command in the usual way. */
const STOPPABLE = new Set(['serve', 'demo', 'watch']);

/** Runs the command of the command line. Never rejects. */
export async function runProgram(): Promise<void> {
  handleOutputErrors(process);
  logProcessEvents();
  try {
    await buildProgram().parseAsync(withBackfill(process.argv));
  } catch (error) {
    process.exitCode = reportFailure(error, (text) => process.stderr.write(text), lineFormat());
    // The channel to the primary process would keep a worker of node:cluster, as PM2 uses it, alive.
    if (process.connected) process.stderr.write('', () => process.exit());
  }
}

/** Builds the command line. Every action loads its code when it runs, so that `--help` and `validate` never load Nest. */
function buildProgram(): Command {
  const program = new Command('certstream-server')
    .description('Streams certificates from Certificate Transparency logs to WebSocket clients.')
    .version(versionText(), '-v, --version', 'print the version')
    .option(
      '-c, --config <file>',
      `configuration file (default: the first of ${CONFIG_PATHS.join(', ')} that exists)`,
    )
    .showHelpAfterError(false)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(fatalLine(oneLine(text).trimEnd(), lineFormat(), 'CLI_USAGE')),
    })
    .hook('preAction', (_program, command) => endAtEarlySignal(command));
  const portOption = () =>
    new Option(
      '-p, --port <port>',
      'port to listen on, instead of webserver.listen_port; 0 for any free port',
    ).argParser(wholeNumber(0, 65535));
  const global = (): GlobalOptions => program.opts<GlobalOptions>();

  program
    .command('serve', { isDefault: true })
    .description('run the server (the default)')
    .usage('[options]')
    .argument('[words...]')
    .addOption(portOption())
    .addOption(
      new Option('--role <role>', 'work of this member of a cluster, instead of cluster.role').choices([
        'all',
        'ingest',
        'gateway',
      ]),
    )
    .addOption(moduleOption())
    .action(async (words: string[], options: ModuleOptions & { port?: number; role?: ClusterRole }) => {
      if (words.length > 0) throw unknownCommand(words[0], program);
      const { serve } = await import('./commands/serve.js');
      await serve({ ...global(), ...options });
    });

  program
    .command('validate')
    .description('check the configuration')
    .addOption(moduleOption())
    .action(async (options: ModuleOptions) => {
      const { validate } = await import('./commands/validate.js');
      await validate({ ...global(), ...options });
    });

  program
    .command('health')
    .description('ask the server of this machine whether it works')
    .option('--ready', 'ask whether its logs and outputs work, not only whether it answers', false)
    .addOption(moduleOption())
    .action(async (options: ModuleOptions & { ready: boolean }) => {
      const { health } = await import('./commands/health.js');
      await health({ ...global(), ...options });
    });

  program
    .command('create-index')
    .description('write the current size of every log as the position to start from')
    .option(
      '-o, --out <file>',
      "write only this file, in the Go server's format (default: the files of general.recovery)",
    )
    .option('-f, --force', 'overwrite an existing file', false)
    .addOption(moduleOption())
    .action(async (options: ModuleOptions & { out?: string; force: boolean }) => {
      const { createIndex } = await import('./commands/create-index.js');
      await createIndex({ ...global(), ...options });
    });

  program
    .command('pick')
    .description('print one entry of a log, by default as JSON')
    .requiredOption('--log <url>', 'URL of the log; for a tiled log its monitoring prefix')
    .addOption(
      new Option('--cert <index>', 'index of the entry in the log')
        .argParser(wholeNumber(0))
        .makeOptionMandatory(),
    )
    .option('--chain', 'include the chain', false)
    .option('--asder', 'include the DER', false)
    .addOption(
      new Option('--pem', 'print the certificate as PEM').default(false).conflicts(['text', 'asder']),
    )
    .addOption(
      new Option('--text', 'print the certificate as readable text').default(false).conflicts('asder'),
    )
    .option('--tiled', 'the log uses static-ct-api (default: detect the protocol)', false)
    .addOption(moduleOption())
    .action(async (options: Omit<PickOptions, 'config'>) => {
      const { pick } = await import('./commands/pick.js');
      await pick({ ...global(), ...options });
    });

  addExportCommand(program, global);
  addWatchCommand(program);
  addOutputsCommand(program, global);
  addClusterCommand(program, global);

  program
    .command('demo')
    .description('run the server on two simulated logs, without internet')
    .addOption(
      new Option('--rate <entries>', 'simulated entries per second')
        .argParser(wholeNumber(1, 100_000))
        .default(20),
    )
    .addOption(portOption())
    .option('-q, --quiet', 'do not print the certificates', false)
    .addOption(moduleOption())
    .action(async (options: ModuleOptions & { rate: number; port?: number; quiet: boolean }) => {
      const { demo } = await import('./commands/demo.js');
      await demo({ ...global(), ...options });
    });

  for (const command of program.commands) command.copyInheritedSettings(program).allowExcessArguments(false);
  return program;
}

/** The Rust server has the option `--backfill` instead of a command. */
function withBackfill([node, script, ...args]: readonly string[]): string[] {
  const rest = args.filter((arg) => arg !== '--backfill');
  return rest.length === args.length ? [node, script, ...args] : [node, script, 'backfill', ...rest];
}

/** Commander passes an unknown command to the default command as an argument. */
function unknownCommand(word: string, program: Command): UsageError {
  const near = nearest(
    word,
    program.commands.map((command) => command.name()),
  );
  const hint = near ? `did you mean ${near}?` : 'see certstream-server --help';
  return new UsageError(`unknown command ${shownValue(word)}; ${hint}`);
}

async function endAtEarlySignal(command: Command): Promise<void> {
  if (STOPPABLE.has(command.name())) return;
  // Node delivers a signal in the next turn of the event loop, and drops it if no listener is left by then.
  await new Promise(setImmediate);
  const signal = takeEarlySignal();
  if (signal !== undefined) process.kill(process.pid, signal);
}

/** Commander puts its suggestion on a second line. */
function oneLine(text: string): string {
  return `${text.trim().replace(/\s*\n\s*/g, ' ')}\n`;
}
