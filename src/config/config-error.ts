import { CertstreamError } from '../kernel/certstream-error.js';

export type ConfigErrorCode =
  | 'CONFIG_NOT_FOUND'
  | 'CONFIG_UNREADABLE'
  | 'CONFIG_SYNTAX'
  | 'CONFIG_INVALID'
  | 'CONFIG_SECTION'
  | 'CONFIG_AMBIGUOUS';

/** The configuration cannot be used. `message` has one printable line per problem. */
export class ConfigError extends CertstreamError {
  constructor(
    code: ConfigErrorCode,
    readonly problems: readonly string[],
    options?: { cause?: unknown },
  ) {
    super(code, problems.join('\n'), options);
  }
}
