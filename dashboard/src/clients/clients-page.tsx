import type {
  DashboardClient,
  DashboardOutput,
  DashboardStream,
} from '../../../src/dashboard/dashboard-data.js';
import { Figure, Head } from '../data/figure-table.js';
import { Verdict } from '../data/verdict.js';
import { WithData } from '../data/with-data.js';
import type { DataPoll } from '../server/data-poll.js';
import { ago, bytes, count, duration, rate } from '../text/format.js';
import { visibleText } from '../text/visible-text.js';
import { MemberTable } from './member-table.js';

/** Who gets the certificates: the clients of the streams, and the outputs of the configuration. */
export function ClientsPage({ poll }: { readonly poll: DataPoll }) {
  return (
    <WithData poll={poll}>
      {({ streams, slowest_clients, outputs, cluster, now_ms }) => (
        <>
          <section aria-labelledby="streams">
            <h2 id="streams">Streams</h2>
            <StreamTable streams={streams} />
          </section>
          <section aria-labelledby="slowest">
            <h2 id="slowest">Clients that do not keep up</h2>
            {slowest_clients === null ? (
              <p class="empty">Only a token without filter for the full stream shows clients.</p>
            ) : slowest_clients.length === 0 ? (
              <p class="empty">All clients keep up.</p>
            ) : (
              <ClientTable clients={slowest_clients} />
            )}
          </section>
          <section aria-labelledby="outputs">
            <h2 id="outputs">Outputs</h2>
            {outputs.length === 0 ? (
              <p class="empty">
                {cluster === null ? 'The configuration has no outputs.' : 'No live member runs an output.'}
              </p>
            ) : (
              <OutputTable outputs={outputs} nowMs={now_ms} hasMembers={cluster !== null} />
            )}
          </section>
          {cluster !== null && (
            <section aria-labelledby="members">
              <h2 id="members">Members of the cluster</h2>
              <MemberTable cluster={cluster} nowMs={now_ms} />
            </section>
          )}
        </>
      )}
    </WithData>
  );
}

function StreamTable({ streams }: { readonly streams: readonly DashboardStream[] }) {
  return (
    <table class="cards">
      <caption class="unseen">Clients by stream</caption>
      <Head
        columns={['Stream', 'WebSocket', 'SSE', 'Messages/s', 'Octets/s', 'Waiting', 'Skipped/s', 'Skipped']}
        textColumns={1}
      />
      <tbody>
        {streams.map((each) => (
          <tr key={each.stream}>
            <th scope="row">{each.stream}</th>
            <Figure name="WebSocket" text={count(each.websocket_clients)} />
            <Figure name="SSE" text={count(each.sse_clients)} />
            <Figure name="Messages/s" text={rate(each.rates.messages)} />
            <Figure name="Octets/s" text={bytes(each.rates.bytes)} />
            <Figure
              name="Waiting"
              text={
                each.queued_messages === 0
                  ? '0'
                  : `${count(each.queued_messages)} for ${count(each.waiting_clients)} ${each.waiting_clients === 1 ? 'client' : 'clients'}`
              }
            />
            <Figure name="Skipped/s" text={rate(each.rates.dropped)} isBad={(each.rates.dropped ?? 0) > 0} />
            <Figure name="Skipped" text={count(each.dropped)} isBad={each.dropped > 0} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ClientTable({ clients }: { readonly clients: readonly DashboardClient[] }) {
  return (
    <table class="cards">
      <caption class="unseen">Clients with most messages waiting or skipped</caption>
      <Head
        columns={['Client', 'Stream', 'Waiting', 'Octets waiting', 'Received', 'Skipped']}
        textColumns={2}
      />
      <tbody>
        {clients.map((client) => (
          <tr key={client.id}>
            <th scope="row">
              {client.transport === 'sse' ? 'SSE' : 'WebSocket'} {client.id}
            </th>
            <td data-label="Stream">{client.stream}</td>
            <Figure name="Waiting" text={count(client.queued_messages)} />
            <Figure name="Octets waiting" text={bytes(client.queued_bytes)} />
            <Figure name="Received" text={count(client.messages)} />
            <Figure name="Skipped" text={count(client.dropped)} isBad={client.dropped > 0} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function OutputTable({
  outputs,
  nowMs,
  hasMembers,
}: {
  readonly outputs: readonly DashboardOutput[];
  readonly nowMs: number;
  readonly hasMembers: boolean;
}) {
  return (
    <table class="cards">
      <caption class="unseen">Outputs</caption>
      <Head
        columns={[
          'Output',
          ...(hasMembers ? ['Member'] : []),
          'Verdict',
          'Backlog',
          'Octets',
          'Age',
          'Acknowledged',
          'Failures',
          'Skipped records',
          'Last acknowledgement',
        ]}
        textColumns={hasMembers ? 3 : 2}
      />
      <tbody>
        {outputs.map((output) => (
          <tr key={output.name}>
            <th scope="row">
              <bdi>{visibleText(output.name, 100)}</bdi>
              <span class="soft sub">
                {visibleText(output.type ?? 'module', 40)}
                {output.required ? ', required' : ''}
              </span>
            </th>
            {hasMembers && (
              <td data-label="Member">
                <bdi>{visibleText(output.member ?? '', 100)}</bdi>
              </td>
            )}
            <td data-label="Verdict">
              <Verdict verdict={output.verdict} />
              {output.last_error !== null && output.failing_since_ms !== null && (
                <span class="soft sub">
                  {visibleText(output.last_error.message ?? output.last_error.code, 200)}
                </span>
              )}
            </td>
            <Figure name="Backlog" text={count(output.backlog.entries)} />
            <Figure name="Octets" text={bytes(output.backlog.bytes)} />
            <Figure name="Age" text={duration(output.backlog.seconds)} />
            <Figure name="Acknowledged" text={count(output.acknowledged_entries)} />
            <Figure name="Failures" text={count(output.failures)} />
            <Figure
              name="Skipped records"
              text={count(output.skipped_records)}
              isBad={output.skipped_records > 0}
            />
            <Figure name="Last acknowledgement" text={ago(output.last_acknowledgement_ms, nowMs)} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}
