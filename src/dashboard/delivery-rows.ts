import { Injectable } from '@nestjs/common';
import type { StreamKind } from '../certificate/rendered-texts.js';
import { millisecondsOf } from '../kernel/iso-time.js';
import type { OutputReport } from '../outputs/output-report.js';
import { OutputReports } from '../outputs/output-reports.js';
import { StreamClients } from '../stream/subscription/stream-clients.js';
import { STREAM_KINDS } from '../stream/subscription/stream-paths.js';
import type { Subscriber } from '../stream/subscription/subscriber.js';
import type { DashboardClient, DashboardOutput, DashboardStream } from './dashboard-data.js';
import type { ServerTotals, TotalsWindow } from './figures/server-totals.js';

const MAX_CLIENTS = 20;

/** The streams with their clients, and the outputs, for the dashboard. */
@Injectable()
export class DeliveryRows {
  constructor(
    private readonly clients: StreamClients,
    private readonly reports: OutputReports,
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

  /** Returns the outputs, in a cluster those of all members. @param showsTexts whether the texts of errors are shown. */
  outputs(showsTexts: boolean): DashboardOutput[] {
    return this.reports.all(showsTexts).map(outputRow);
  }
}

function outputRow(report: OutputReport): DashboardOutput {
  const { name, type, required, verdict, backlog, last_error: error, counts, member } = report;
  return {
    name,
    type,
    required,
    verdict,
    backlog,
    failing_since_ms: millisecondsOf(report.failing_since),
    last_error: error && {
      code: error.code,
      message: error.message,
      at_ms: millisecondsOf(error.time) ?? 0,
    },
    last_acknowledgement_ms: millisecondsOf(report.last_acknowledgement),
    acknowledged_entries: counts.acknowledged_entries,
    failures: counts.failures,
    skipped_records: counts.skipped_records,
    member,
  };
}
