import { Child } from './child.js';

/**
 * Who sends: this server's streams, `ws` alone, `client.send()` for each message and client, or a loop that does nothing
 * but write what came within a tick to each socket.
 */
export type SenderKind = 'shared' | 'plain' | 'bare';

export interface SenderSetup {
  readonly compression: boolean;
}

export interface SenderReady {
  /** Base URLs, with scheme http. */
  readonly urls: Readonly<Record<SenderKind, string>>;
  readonly averageBytes: number;
}

export type SenderCommand =
  | { readonly kind: 'send'; readonly by: SenderKind; readonly rate: number; readonly seconds: number }
  /** As many messages as that to the full stream, as fast as its clients that read take them. */
  | { readonly kind: 'flood'; readonly messages: number }
  | { readonly kind: 'memory' };

export interface SenderReport {
  /** User and system, all threads of the process, from the first message until the last was handed over. */
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly residentMb: number;
  readonly clients: Readonly<Record<'full' | 'lite' | 'plain', number>>;
  /** By `send`. */
  readonly published: number;
  readonly queuedMessages: number;
  readonly dropped: number;
}

/** The measured process. */
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
