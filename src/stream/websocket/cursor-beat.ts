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
 * otherwise. With `?sample=` it says how many messages were left out. Its timer runs only while there is such a client.
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
      const { stats, selection } = subscriber;
      const hasLeftOut = selection.sample !== undefined && selection.sample.leftOut > 0;
      if (stats.messages === known.messages && !hasLeftOut && !isQuietBeat) continue;
      session.flush();
      const { cursor } = session;
      if (cursor === undefined || cursor === known.cursor) continue;
      subscriber.sendMessage(cursorMessage(cursor, selection.sample?.takeLeftOut()));
      known.cursor = cursor;
      known.messages = subscriber.stats.messages;
    }
  }
}
