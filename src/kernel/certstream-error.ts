/** Base of every error this server raises on purpose; `code` is stable and documented in docs/errors.md. */
export class CertstreamError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}
