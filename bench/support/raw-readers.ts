import { Child } from './child.js';

export interface ReadersSetup {
  /** URL of the stream with the scheme http. */
  readonly url: string;
  readonly clients: number;
  /** Whether to offer permessage-deflate. Compressed messages are counted but not inflated. */
  readonly deflate?: boolean;
  /** Whether to stop reading after the handshake. Such clients send Pongs, so that the server does not treat them as dead. */
  readonly stalled?: boolean;
}

/** Counts over all clients since the start. */
export interface ReaderCounts {
  readonly messages: number;
  readonly bytes: number;
  /** Connections that ended. */
  readonly closed: number;
}

/** WebSocket clients in another process. */
export class RawReaders {
  private constructor(private readonly child: Child<object, ReaderCounts>) {}

  static async start(setup: ReadersSetup): Promise<RawReaders> {
    const { child } = await Child.start<object, ReaderCounts>('./raw-readers-child.js', setup);
    return new RawReaders(child);
  }

  counts(): Promise<ReaderCounts> {
    return this.child.ask({});
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
