import type { OutgoingHttpHeaders } from 'node:http';
import { CertstreamError } from '../kernel/certstream-error.js';

/** An answer to a request that a page cannot fulfil. `ApiErrorFilter` sends it; it is not logged. Its codes begin with `API_`. */
export class ApiError extends CertstreamError {
  /**
   * @param status HTTP status code.
   * @param message a sentence for the client.
   */
  constructor(
    code: string,
    readonly status: number,
    message: string,
    readonly headers: OutgoingHttpHeaders = {},
    options?: { cause?: unknown },
  ) {
    super(code, message, options);
  }
}
