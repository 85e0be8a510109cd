import { Child } from './child.js';

/**
 * The sender. `shared`: the streams of this server. `plain`: `client.send()` of `ws` for each message and client. `bare`: a
 * loop that only writes the messages of each tick to every socket.
 */
export type SenderKind = 'shared' | 'plain' | 'bare';

export interface SenderSetup {
  readonly compression: boolean;
}

export interface SenderReady {
  /** Base URLs with the scheme http. */
  readonly urls: Readonly<Record<SenderKind, string>>;
  readonly averageBytes: number;
}

export type SenderCommand =
  | { readonly kind: 'send'; readonly by: SenderKind; readonly rate: number; readonly seconds: number }
  /** Sends this number of messages to the full stream, as fast as its reading clients accept them. */
  | { readonly kind: 'flood'; readonly messages: number }
  | { readonly kind: 'memory' };

export interface SenderReport {
  /** User and system time of all threads, from the first message until the last was passed to the operating system. */
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly residentMb: number;
  readonly clients: Readonly<Record<'full' | 'lite' | 'plain', number>>;
  /** Messages that the last `send` published. */
  readonly published: number;
  readonly queuedMessages: number;
  readonly dropped: number;
}

/** The process that is measured. */
export class FanoutSender {
  private constructor(
    readonly ready: SenderReady,
    private readonly child: Child<SenderCommand, SenderReport>,
  ) {}

  static async start(setup: SenderSetup): Promise<FanoutSender> {
    const { ready, child } = await Child.start<SenderCommand, SenderReport>(
      './fanout-sender-child.js',
      setup,
    );
    return new FanoutSender(ready as SenderReady, child);
  }

  ask(command: SenderCommand): Promise<SenderReport> {
    return this.child.ask(command);
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
