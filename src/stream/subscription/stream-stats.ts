/** Totals of one stream since the start, including clients that have left. */
export interface StreamStats {
  /** Connections ever accepted. */
  connections: number;
  /** Messages written to connections: one message to ten clients counts ten. */
  messages: number;
  bytes: number;
  /** Messages dropped because a client could not keep up. */
  dropped: number;
  /** Clients whose connection was closed because they could not keep up. */
  closedSlow: number;
}

/** The messages that one client was sent and missed. */
export type SubscriberStats = Pick<StreamStats, 'messages' | 'bytes' | 'dropped'>;

/** Totals of the compression contexts of one stream. A message counts once, however many clients receive it. */
export interface CompressionStats {
  messages: number;
  /** Bytes of the compressed frames. */
  bytes: number;
  /** Bytes of the same frames without compression. */
  plainBytes: number;
  /** Number of times that compression failed and messages were sent without the context. */
  failures: number;
  /** Clients that use a context at the moment. */
  clients: number;
  /** Clients that get messages which are compressed alone: they have just joined or are slow. */
  outsiders: number;
}

/** Returns the totals of a stream that has not compressed anything yet. */
export function noCompression(): CompressionStats {
  return { messages: 0, bytes: 0, plainBytes: 0, failures: 0, clients: 0, outsiders: 0 };
}
