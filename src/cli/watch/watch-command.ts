import { type Command, InvalidArgumentError, Option } from 'commander';

import type { WatchOptions } from '../commands/watch.js';
import { tokenOption, wholeNumber } from '../option-values.js';

const STREAMS = ['lite', 'full', 'domains'] as const;

/** The fields of a filter (docs/consumers.md) with the descriptions of their options. */
export const WATCH_FILTERS: readonly (readonly [field: string, placeholder: string, description: string])[] =
  [
    ['domain', 'names', 'certificates with a name that equals a domain or lies below it'],
    ['keyword', 'texts', 'certificates with a name that contains a text'],
    ['regex', 'expression', 'certificates with a name that an RE2 expression matches'],
    ['similar', 'names', 'certificates with a name that imitates the domain of a brand'],
    ['issuer', 'texts', 'only from issuers whose CN or O contains a text'],
    ['operator', 'names', 'only from the logs of an operator'],
    ['log', 'logs', 'only from a log: name, URL or log id'],
    ['type', 'type', 'only precert or only cert'],
    ['ca', 'boolean', 'true: only CA certificates; false: none of them'],
    ['ip', 'addresses', 'only with an IP address in an address range'],
    ['exclude_domain', 'names', 'names that do not count: a domain and the names below it'],
    ['exclude_keyword', 'texts', 'names that do not count: those that contain a text'],
    ['exclude_regex', 'expression', 'names that do not count: those that an RE2 expression matches'],
    ['exclude_issuer', 'texts', 'not from issuers whose CN or O contains a text'],
  ];

/** Adds `watch`, whose code is loaded when it runs. */
export function addWatchCommand(program: Command): void {
  const command = program
    .command('watch')
    .description('print the certificates that a certstream server sends')
    .argument('[url]', 'URL of the server, with / at its end, or of a stream', 'ws://localhost:8080/')
    .addOption(new Option('--stream <stream>', 'stream of the server').choices(STREAMS));
  for (const [field, placeholder, description] of WATCH_FILTERS)
    command.addOption(filterOption(field, placeholder, description));
  command
    .option('--unique', 'each certificate once, not once for each log and for its precertificate', false)
    .option(
      '--since <time>',
      'begin with older certificates: a cursor, RFC 3339, Unix seconds, -90s, -15m or -2h',
    )
    .addOption(tokenOption())
    .addOption(
      new Option('-n, --limit <certificates>', 'end after so many certificates').argParser(wholeNumber(1)),
    )
    .option('--json', 'print JSON lines on a terminal, too', false)
    .addHelpText('after', '\nFilter options may be given more than once. Separate several terms by commas.')
    .action(async (url: string, options: Omit<WatchOptions, 'url' | 'filters'>) => {
      const { watch } = await import('../commands/watch.js');
      const filters = new Map<string, readonly string[]>();
      const given = options as unknown as Readonly<Record<string, readonly string[] | undefined>>;
      for (const [field] of WATCH_FILTERS) filters.set(field, given[attributeOf(field)] ?? []);
      await watch({ ...options, url, filters });
    });
}

function filterOption(field: string, placeholder: string, description: string): Option {
  return new Option(`--${field.replaceAll('_', '-')} <${placeholder}>`, description).argParser(
    (term: string, terms: readonly string[] | undefined) => {
      // The server takes an empty value as no filter, which is not what a person means.
      if (term.trim() === '') throw new InvalidArgumentError('Use a term that is not empty.');
      return [...(terms ?? []), term];
    },
  );
}

/** Commander's name of an option: camel case. */
function attributeOf(field: string): string {
  return field.replaceAll(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
