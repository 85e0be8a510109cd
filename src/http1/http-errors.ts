/** The response did not begin in time, or its body arrived too slowly. The message says what the request waited for. */
export class HttpTimeoutError extends Error {
  override readonly name = 'HttpTimeoutError';

  /**
   * @param reason what the request waited for; undefined if the peer did not answer.
   * @param isUnsent whether the request was not sent yet: it waited for a name, a connection or a TLS handshake.
   */
  constructor(
    readonly reason: string | undefined,
    readonly isUnsent: boolean,
  ) {
    super(reason ?? 'the peer did not answer');
  }
}

/** The response is not HTTP/1.1 (RFC 9112). */
export class HttpFormatError extends Error {
  override readonly name = 'HttpFormatError';
}

/** The body is longer than the request allows. */
export class HttpTooLargeError extends Error {
  override readonly name = 'HttpTooLargeError';
}

/** The caller refused a part of the body, see `HttpRequest.onBytes`. */
export class HttpRefusedBodyError extends Error {
  override readonly name = 'HttpRefusedBodyError';
}

/** The caller's signal ended the request. */
export class HttpAbortedError extends Error {
  override readonly name = 'HttpAbortedError';
}

/** The proxy is connected, but does not connect to the origin. The message names the proxy and contains no password. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';

  /** @param status status of the proxy's own response; undefined if there is no response. */
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}
