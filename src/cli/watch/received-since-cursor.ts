import type { StreamMessage } from '../certificate-line.js';

/** Most messages that are remembered. A server with cursors sends one every second. */
const MAX_REMEMBERED = 200_000;

/**
 * ReceivedSinceCursor recognises the messages that a server repeats after a reconnection: those after the newest cursor. Until the
 * next cursor, each of them can come once more.
 */
export class ReceivedSinceCursor {
  /** How often each message came on earlier connections, less its repetitions on this one. */
  private expected = new Map<string, number>();
  private current = new Map<string, number>();
  private size = 0;

  /** Forgets all messages: a cursor after them has come. */
  clear(): void {
    this.expected.clear();
    this.current.clear();
    this.size = 0;
  }

  /** Notes that another connection begins at the newest cursor. */
  restart(): void {
    for (const [key, count] of this.current)
      this.expected.set(key, Math.max(count, this.expected.get(key) ?? 0));
    this.current.clear();
  }

  /** Whether the message did not come since the newest cursor, and notes it. */
  isNew(message: StreamMessage, text: string): boolean {
    if (this.size >= MAX_REMEMBERED) this.clear();
    this.size++;
    const key = keyOf(message, text);
    const count = (this.current.get(key) ?? 0) + 1;
    this.current.set(key, count);
    return count > (this.expected.get(key) ?? 0);
  }
}

function keyOf(message: StreamMessage, text: string): string {
  if (message.message_type === 'dns_entries') return text;
  const { cert_index: index, source } = message.data;
  return `${index} ${source?.url}`;
}
