import { Injectable } from '@nestjs/common';
import type { StreamKind } from '../certificate/rendered-texts.js';
import { durationText, isRecent, timeText } from '../ct-log/reporting/log-verdict.js';
import { Outputs, type RegisteredOutput } from '../outputs/outputs.js';
import { StreamClients } from '../stream/subscription/stream-clients.js';
import { STREAM_KINDS } from '../stream/subscription/stream-request.js';
import type { Subscriber } from '../stream/subscription/subscriber.js';
import type {
  DashboardClient,
  DashboardOutput,
  DashboardStream,
  DashboardVerdict,
} from './dashboard-data.js';
import type { ServerTotals, TotalsWindow } from './figures/server-totals.js';

const MAX_CLIENTS = 20;
/** A failure of an output that lasts longer is a problem for the operator. An ordinary restart of a broker is shorter. */
const SHORT_FAILURE_MS = 60_000;
/** A record that waits for less time, apart from the time for which it waits for others, is no backlog. */
const USUAL_WAIT_SECONDS = 60;

/** The streams with their clients, and the outputs, for the dashboard. */
@Injectable()
export class DeliveryRows {
  constructor(
    private readonly clients: StreamClients,
    private readonly registered: Outputs,
  ) {}

  streams(window: TotalsWindow): DashboardStream[] {
    return STREAM_KINDS.map((stream) => {
      const { clients, stats } = this.clients.audiences[stream];
      const row = {
        websocket_clients: 0,
        sse_clients: 0,
        waiting_clients: 0,
        queued_messages: 0,
        queued_bytes: 0,
      };
      for (const { connection, backlog, backlogBytes } of clients) {
        row[connection.transport === 'sse' ? 'sse_clients' : 'websocket_clients']++;
        if (backlog > 0) row.waiting_clients++;
        row.queued_messages += backlog;
        row.queued_bytes += backlogBytes;
      }
      const rate = (name: keyof ServerTotals['streams'][StreamKind]): number | null =>
        window.perSecond(({ streams }) => streams[stream][name]) ?? null;
      const rates = { messages: rate('messages'), bytes: rate('bytes'), dropped: rate('dropped') };
      return { stream, rates, dropped: stats.dropped, ...row };
    });
  }

  /** Returns the clients that wait for messages or missed some, those that wait for most first. */
  slowestClients(): DashboardClient[] {
    const slow: { readonly stream: StreamKind; readonly client: Subscriber }[] = [];
    for (const stream of STREAM_KINDS)
      for (const client of this.clients.audiences[stream].clients)
        if (client.backlog > 0 || client.stats.dropped > 0) slow.push({ stream, client });
    slow.sort(
      ({ client: a }, { client: b }) =>
        b.backlog - a.backlog || b.stats.dropped - a.stats.dropped || a.id - b.id,
    );
    return slow.slice(0, MAX_CLIENTS).map(({ stream, client }) => ({
      id: client.id,
      stream,
      transport: client.connection.transport,
      messages: client.stats.messages,
      dropped: client.stats.dropped,
      queued_messages: client.backlog,
      queued_bytes: client.backlogBytes,
    }));
  }

  /** @param now milliseconds since the epoch. @param showsTexts whether the texts of errors are shown. */
  outputs(now: number, showsTexts: boolean): DashboardOutput[] {
    return this.registered.registered().map((output) => outputRow(output, now, showsTexts));
  }
}

function outputRow(registered: RegisteredOutput, now: number, showsTexts: boolean): DashboardOutput {
  const { output, stats, backlog } = registered;
  const { records, entries, bytes, oldestTime = now } = backlog;
  const { failingSince, lastAcknowledgedAt, lastFailure } = stats;
  const seconds = Math.max(0, now - oldestTime) / 1000;
  return {
    name: output.name,
    type: output.type ?? null,
    required: output.required === true,
    verdict: outputVerdict(registered, now),
    backlog: { records, entries, bytes, seconds },
    failing_since_ms: failingSince || null,
    last_error:
      lastFailure === undefined
        ? null
        : {
            code: lastFailure.code,
            message: showsTexts ? lastFailure.message : null,
            at_ms: lastFailure.time,
          },
    last_acknowledgement_ms: lastAcknowledgedAt || null,
    acknowledged_entries: stats.entries,
    failures: stats.failures,
    skipped_records: stats.skipped,
  };
}

interface LingeringOutput {
  readonly output: Pick<RegisteredOutput['output'], 'lingerMs'>;
}

/** Returns where an output stands, in words. @param now milliseconds since the epoch. */
export function outputVerdict(
  { output, stats, backlog }: Pick<RegisteredOutput, 'stats' | 'backlog'> & LingeringOutput,
  now: number,
): DashboardVerdict {
  const { failingSince, lastAcknowledgedAt, lastFailure } = stats;
  if (failingSince > 0) {
    const level = isRecent(failingSince, now, SHORT_FAILURE_MS) ? 'busy' : 'bad';
    const code = lastFailure === undefined ? '' : ` (${lastFailure.code})`;
    return { level, code: 'failing', text: `fails since ${timeText(failingSince, now)}${code}` };
  }
  const seconds = (now - (backlog.oldestTime ?? now)) / 1000;
  if (seconds > USUAL_WAIT_SECONDS + (output.lingerMs ?? 0) / 1000) {
    const wait = durationText(seconds);
    return { level: 'busy', code: 'backlog', text: `catching up, the oldest entry waits for ${wait}` };
  }
  if (lastAcknowledgedAt === 0 && backlog.records === 0)
    return { level: 'good', code: 'idle', text: 'waiting for entries' };
  return { level: 'good', code: 'delivering', text: 'delivering' };
}
