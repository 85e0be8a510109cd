import { CertstreamError } from '../kernel/certstream-error.js';

/** `CLI_USAGE`: the command line is invalid or cannot be carried out. The message is one line for the user. */
export class UsageError extends CertstreamError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CLI_USAGE', message, options);
  }
}
