import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

/** The entries of one log in the stream of a cluster. */
export interface StreamedLog {
  readonly subject: string;
  /** Index of the first entry, and index after the last one. */
  readonly first: number;
  readonly next: number;
  readonly frames: number;
}

/** What is wrong in the stream: `entry 12 of ct.raw.… twice`. */
export interface StreamCheck {
  readonly logs: readonly StreamedLog[];
  readonly mistakes: readonly string[];
}

/**
 * Reads the whole stream of a cluster. The frames of each log must follow each other without a hole and without an overlap. It reads the
 * headers only, not with the code of the server.
 */
export async function checkStream(servers: readonly string[], name: string): Promise<StreamCheck> {
  const connection = await connect({ servers: [...servers] });
  const logs = new Map<string, StreamedLog>();
  const mistakes: string[] = [];
  try {
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(name);
    if (state.messages === 0) return { logs: [], mistakes };
    const consumer = await jetstream(connection).consumers.get(name);
    for await (const { seq, subject, headers, info } of await consumer.consume({ max_messages: 200 })) {
      const kind = headers?.get('Ct-Kind');
      const [first, count] = ['Ct-First', 'Ct-Count'].map((header) => Number(headers?.get(header)));
      const known = logs.get(subject);
      if (kind === 'next') {
        if (known !== undefined && first !== known.next)
          mistakes.push(`record ${seq} of ${subject} begins at ${first}, after ${known.next}`);
        logs.set(subject, {
          subject,
          first: known?.first ?? first,
          next: first + count,
          frames: (known?.frames ?? 0) + 1,
        });
      } else mistakes.push(`record ${seq} of ${subject} is ${kind}`);
      if (info.pending === 0) break;
    }
  } finally {
    await connection.close();
  }
  return { logs: [...logs.values()], mistakes };
}
