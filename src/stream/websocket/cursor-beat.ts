import type { ClientSession } from '../subscription/client-session.js';
import { cursorMessage } from '../subscription/stream-events.js';

const INTERVAL_MS = 1000;
/** A client without messages gets a cursor every this many intervals. */
const QUIET_INTERVALS = 10;

interface Known {
  cursor: string | undefined;
  messages: number;
}

/**
 * Sends clients with `?events=1` the cursor of what they have got: once per second while they get messages, every ten seconds
 * otherwise. Its timer runs only while there is such a client.
 */
export class CursorBeat {
  private readonly sessions = new Map<ClientSession, Known>();
  private timer: NodeJS.Timeout | undefined;
  private beats = 0;

  add(session: ClientSession): void {
    this.sessions.set(session, { cursor: undefined, messages: -1 });
    this.timer ??= setInterval(() => this.beat(), INTERVAL_MS).unref();
  }

  remove(session: ClientSession): void {
    this.sessions.delete(session);
    if (this.sessions.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private beat(): void {
    const isQuietBeat = ++this.beats % QUIET_INTERVALS === 0;
    for (const [session, known] of this.sessions) {
      const { subscriber } = session;
      const { messages } = subscriber.stats;
      if (messages === known.messages && !isQuietBeat) continue;
      session.flush();
      const { cursor } = session;
      if (cursor === undefined || cursor === known.cursor) continue;
      subscriber.sendMessage(cursorMessage(cursor));
      known.cursor = cursor;
      known.messages = subscriber.stats.messages;
    }
  }
}
