import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { oldestCursor } from '../../feed/cursor.js';
import { ENTRY_JOURNAL, type EntryJournal } from '../../feed/journal/entry-journal.js';
import type { ClientSession } from '../subscription/client-session.js';
import { GOING_AWAY } from '../subscription/connection.js';
import { SHUTTING_DOWN, StreamClients } from '../subscription/stream-clients.js';
import { expiredMessage } from '../subscription/stream-events.js';
import type { StreamOptions } from '../subscription/stream-options.js';
import { comment, type EventEncoding, EventStreamEncoding, idEvent } from './event-stream-encoding.js';
import { acceptsCoding } from '../../web/accept-encoding.js';
import { GzipEventEncoding } from './gzip-event-encoding.js';
import { SseConnection, writeEventStreamHead } from './sse-connection.js';

const HEARTBEAT_MS = 15_000;
/** A client that reads gets a heartbeat in this time. */
const MIN_IDLE_TIMEOUT_MS = 2 * HEARTBEAT_MS;
/** Length of a Last-Event-ID in a message; cursors are not longer. */
const MAX_ID = 64;

/** Subscribes clients of Server-Sent Events to the streams and sends them heartbeats. */
@Injectable()
export class SseStreams {
  private readonly plain: EventStreamEncoding;
  /** Undefined without compression. */
  private readonly gzip: GzipEventEncoding | undefined;
  private readonly idleTimeoutMs: number;
  private readonly sessions = new Map<ClientSession, SseConnection>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(CERTSTREAM_CONFIG) { webserver }: CertstreamConfig,
    @Inject(ENTRY_JOURNAL) private readonly journal: EntryJournal,
    private readonly clients: StreamClients,
  ) {
    this.plain = new EventStreamEncoding(journal);
    this.gzip = webserver.compression_enabled ? new GzipEventEncoding(this.plain) : undefined;
    this.idleTimeoutMs = Math.max(webserver.limits.idle_timeout_seconds * 1000, MIN_IDLE_TIMEOUT_MS);
  }

  /** Answers a HEAD request with the headers of a stream. */
  answerHead(request: IncomingMessage, response: ServerResponse): void {
    writeEventStreamHead(response, this.encodingFor(request));
    response.end();
  }

  /**
   * Answers a request with a stream. Nothing else may use the socket of the request.
   * @param address `ip:port` for log lines and metrics.
   */
  connect(
    kind: StreamKind,
    request: IncomingMessage,
    response: ServerResponse,
    address: string,
    options: StreamOptions,
  ): void {
    const { socket } = request;
    // Node cuts the connection after this time if the operating system accepts nothing of what waits.
    socket.setTimeout(this.idleTimeoutMs);
    socket.cork();
    const connection = new SseConnection(response, socket, this.encodingFor(request));
    if (this.clients.isClosing) connection.close(GOING_AWAY, SHUTTING_DOWN);
    else this.join(kind, connection, address, options);
    socket.uncork();
  }

  private encodingFor({ headers }: IncomingMessage): EventEncoding {
    return this.gzip !== undefined && acceptsCoding(headers['accept-encoding'], 'gzip')
      ? this.gzip
      : this.plain;
  }

  private join(kind: StreamKind, connection: SseConnection, address: string, options: StreamOptions): void {
    if (options.unknownId !== undefined) {
      const oldest = oldestCursor(this.journal);
      const gap = expiredMessage(options.unknownId.slice(0, MAX_ID), oldest, oldest);
      connection.write(connection.encoding.encodeMessage(gap));
    }
    const session = this.clients.join(kind, connection, address, options);
    this.sessions.set(session, connection);
    connection.socket.once('close', () => this.disconnect(session));
    this.timer ??= setInterval(() => this.beat(), HEARTBEAT_MS).unref();
    // A client that is cut off before its first event continues here.
    if (session.cursor !== undefined && connection.isOpen) connection.writeText(idEvent(session.cursor));
  }

  private disconnect(session: ClientSession): void {
    this.sessions.delete(session);
    this.clients.leave(session);
    if (this.sessions.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /**
   * Sends a heartbeat to every client whose connection is not full. With it goes the cursor of what the client has got, since a filter
   * may let no entry through for a long time. The timer calls it.
   */
  beat(): void {
    for (const [session, connection] of this.sessions) {
      const { subscriber } = session;
      session.flush();
      const { cursor } = session;
      // The messages before the cursor of a slow client still wait.
      const hasAll = cursor !== undefined && subscriber.backlog === 0;
      const text = comment('heartbeat') + (hasAll ? idEvent(cursor) : '');
      subscriber.sendAside(connection.encoding.encodeText(text));
    }
  }
}
