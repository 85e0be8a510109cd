import { CtLogError } from '../ct-log-error.js';

/** `CT_TREE_MISMATCH`: entries that a log served are not those that it signed; with `enforce` they are not streamed. */
export class CtTreeMismatchError extends CtLogError {
  constructor(message: string) {
    super('CT_TREE_MISMATCH', message);
  }
}
