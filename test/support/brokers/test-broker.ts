/** A message that a broker has stored, or that a receiver has acknowledged. */
export interface StoredMessage {
  /** `ce-id` or `Nats-Msg-Id`; undefined where the transport has no headers. */
  readonly id?: string;
  /** The part of the topic with an order of its own: the partition or the subject; '' where there is one only. */
  readonly lane: string;
  readonly key?: string;
  readonly text: Buffer;
}

/** A real broker in a process of its own, or a receiver that stands in for one, which tests can disturb. */
export interface TestBroker {
  /** The keys of `outputs` that lead to the broker, without `name`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Ends the broker at once (SIGKILL); what it has acknowledged stays stored. */
  kill(): Promise<void>;
  /** Starts a killed broker with its data, at the same address. */
  restart(): Promise<void>;
  /** Stops the broker from answering, without closing connections (SIGSTOP). */
  pause(): void;
  resume(): void;
  /** Returns all stored messages, in order within each lane. */
  stored(): Promise<readonly StoredMessage[]>;
  /** Ends the broker and removes its data. */
  stop(): Promise<void>;
}
