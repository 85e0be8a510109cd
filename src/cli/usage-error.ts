import { CertstreamError } from '../kernel/certstream-error.js';

/** `CLI_USAGE`: the command line asks for something that cannot be; the message is one line for the user. */
export class UsageError extends CertstreamError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CLI_USAGE', message, options);
  }
}
