import { InvalidArgumentError, Option } from 'commander';

/** The options that precede every command. */
export interface GlobalOptions {
  readonly config?: string;
}

/** Values of `export --format`. */
export const EXPORT_FORMATS = ['lite', 'full', 'domains', 'pem'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Returns a parser for an option whose value is a whole number. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) {
      const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
      throw new InvalidArgumentError(`Use a whole number ${range}.`);
    }
    return value;
  };
}

/** Returns the option `--token` of the commands that ask a running server. */
export function tokenOption(): Option {
  return new Option('--token <token>', 'access token; visible to other users of this machine').env(
    'CERTSTREAM_TOKEN',
  );
}

/** Returns the option `--module`, which most commands have. */
export function moduleOption(): Option {
  return new Option(
    '-m, --module <file>',
    'load a module of Nest (file or package); may be given more than once',
  )
    .argParser((name: string, names: string[]) => [...names, name])
    .default([], 'none');
}
