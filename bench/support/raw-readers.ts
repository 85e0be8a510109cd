import { Child } from './child.js';

export interface ReadersSetup {
  /** Of the stream, with scheme http. */
  readonly url: string;
  readonly clients: number;
  /** Offer permessage-deflate; compressed messages are counted, not inflated. */
  readonly deflate?: boolean;
  /** Read nothing after the handshake, but send a Pong now and then: the server does not take them for dead. */
  readonly stalled?: boolean;
}

/** Over all clients, since the start. */
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
