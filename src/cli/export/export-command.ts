import { type Command, Option } from 'commander';

import type { ExportOptions } from '../commands/export.js';
import { EXPORT_FORMATS, type GlobalOptions, moduleOption, wholeNumber } from '../option-values.js';

/** Adds `export`, whose code is loaded when it runs. */
export function addExportCommand(program: Command, global: () => GlobalOptions): void {
  program
    .command('export')
    .alias('backfill')
    .description('write a range of a log as JSON lines or PEM, compared with the signed tree of the log')
    .requiredOption('--log <log>', 'URL of the log, its log id, or a part of its name in the log list')
    .addOption(
      new Option('--from <index>', 'index of the first entry').argParser(wholeNumber(0)).conflicts('since'),
    )
    .addOption(
      new Option('--to <index>', 'index of the last entry (default: the newest entry)').argParser(
        wholeNumber(0),
      ),
    )
    .option('--since <time>', 'begin with the first entry since a time: RFC 3339, Unix seconds, or -90m')
    .option('-o, --out <file>', 'file to write or to continue, - for the standard output', '-')
    .addOption(new Option('--format <format>', 'form of an entry').choices(EXPORT_FORMATS).default('lite'))
    .option('--key <base64>', 'key of a log that is not in the log list')
    .addOption(
      new Option('--retry-for <seconds>', 'how long to retry a log that does not answer')
        .argParser(wholeNumber(0, 1_000_000))
        .default(300),
    )
    .option('-f, --force', 'overwrite an existing file', false)
    .addOption(
      new Option('--start <index>').argParser(wholeNumber(0)).hideHelp().conflicts(['from', 'since']),
    )
    .addOption(new Option('--end <index>').argParser(wholeNumber(0)).hideHelp().conflicts('to'))
    .addOption(moduleOption())
    .action(async ({ start, end, ...options }: ExportOptions & { start?: number; end?: number }) => {
      const { exportRange } = await import('../commands/export.js');
      await exportRange({ ...global(), ...options, from: options.from ?? start, to: options.to ?? end });
    });
}
