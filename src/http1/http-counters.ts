/** Plain numbers that a request adds to; read when metrics are scraped. */
export interface HttpCounters {
  requests: number;
  /** Body bytes as they came over the wire, before inflation. */
  bytesReceived: number;
}
