import { CtLogError } from '../client/ct-log-error.js';

/** `CT_TREE_MISMATCH`: entries that a log served are not those that it signed; with `enforce` they are not streamed. */
export class CtTreeMismatchError extends CtLogError {
  /** @param retryAfterMs pause before the entries are asked for again. */
  constructor(
    message: string,
    override readonly retryAfterMs?: number,
  ) {
    super('CT_TREE_MISMATCH', message);
  }
}
