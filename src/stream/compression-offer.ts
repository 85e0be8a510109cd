/** `server_max_window_bits` below 15: a window smaller than the one shared frames are compressed with. */
const SMALL_WINDOW = /;\s*server_max_window_bits\s*=\s*"?(?:[89]|1[0-4])"?\s*(?:;|$)/i;

/**
 * The offers of a Sec-WebSocket-Extensions header under which a client can be sent the frames that all
 * share, or '' if there are none: then the connection goes without compression (RFC 7692, 7.1.2.1).
 */
export function shareableOffers(header: string): string {
  return header
    .split(',')
    .filter((offer) => !SMALL_WINDOW.test(offer))
    .join(',');
}
