import type { DashboardData, DashboardDelay } from '../../../src/dashboard/dashboard-data.js';
import { Chart } from '../charts/chart.js';
import { WithData } from '../data/with-data.js';
import type { DataPoll } from '../server/data-poll.js';
import { bytes, count, duration, percent, rate, UNKNOWN } from '../text/format.js';
import { visibleText } from '../text/visible-text.js';
import { TimeUse } from './time-use.js';

/** How the server does: rates, delays, CPU, memory. */
export function SystemPage({ poll }: { readonly poll: DataPoll }) {
  return (
    <WithData poll={poll}>
      {(data) => (
        <>
          <Figures data={data} />
          <Charts data={data} />
          <section aria-labelledby="delays">
            <h2 id="delays">Delays of the last minute</h2>
            <Delays delay={data.delay} />
          </section>
          <section aria-labelledby="time">
            <h2 id="time">Where the time goes</h2>
            {data.process === null ? (
              <p class="empty">Only a token without filter for the full stream shows the process.</p>
            ) : (
              <TimeUse process={data.process} />
            )}
          </section>
        </>
      )}
    </WithData>
  );
}

function Figures({ data }: { readonly data: DashboardData }) {
  const { rates, process, totals, uptime_seconds, delay, version } = data;
  const memory = process?.memory;
  return (
    <dl class="figures">
      <Figure
        name="Entries per second"
        value={rate(rates.entries)}
        note={`${count(totals.entries)} since the start`}
      />
      <Figure
        name="Log to stream, p50"
        value={delayText(delay.head_to_feed, 'p50')}
        note={`p99 ${delayText(delay.head_to_feed, 'p99')}`}
      />
      <Figure
        name="Messages per second"
        value={rate(rates.messages)}
        note={`${bytes(rates.sent_bytes)}/s sent`}
      />
      <Figure name="CPU" value={percent(process?.cpu ?? null)} note="of one core" />
      <Figure
        name="Memory"
        value={bytes(memory?.rss_bytes ?? null)}
        note={`${bytes(memory?.heap_used_bytes ?? null)} JavaScript heap`}
      />
      <Figure
        name="From logs"
        value={`${bytes(rates.received_bytes)}/s`}
        note={`version ${visibleText(version, 20)}, up for ${duration(uptime_seconds)}`}
      />
    </dl>
  );
}

function Figure({
  name,
  value,
  note,
}: {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        <span class="soft sub">{note}</span>
      </dd>
    </div>
  );
}

function Charts({ data: { history, rates, process, delay } }: { readonly data: DashboardData }) {
  const { server } = history;
  if (server.times_ms.length < 2)
    return <p class="empty">The charts begin after {duration((2 * server.interval_ms) / 1000)}.</p>;
  return (
    <div class="charts">
      <Chart
        title="Entries per second"
        timesMs={server.times_ms}
        series={[{ name: 'entries', values: server.entries_per_second, colour: 'ingested' }]}
        format={rate}
        summary={`Now ${rate(rates.entries)} entries per second.`}
      />
      <Chart
        title="From the head of a log to the stream"
        timesMs={server.times_ms}
        series={[
          { name: 'p99', values: server.head_to_feed_p99, colour: 'published' },
          { name: 'p50', values: server.head_to_feed_p50, colour: 'ingested' },
        ]}
        format={duration}
        summary={`In the last minute, half of the entries took at most about ${delayText(delay.head_to_feed, 'p50')}.`}
      />
      <Chart
        title="CPU, one core is 100 %"
        timesMs={server.times_ms}
        series={[
          { name: 'process', values: server.cpu, colour: 'published' },
          { name: 'main thread', values: mainThread(server), colour: 'ingested' },
        ]}
        format={percent}
        summary={`Now ${percent(process?.cpu ?? null)} of one core.`}
      />
      <Chart
        title="Memory"
        timesMs={server.times_ms}
        series={[{ name: 'resident', values: server.rss_bytes, colour: 'ingested' }]}
        format={bytes}
        summary={`Now ${bytes(process?.memory.rss_bytes ?? null)} resident.`}
      />
    </div>
  );
}

const WAYS = [
  [
    'head_to_feed',
    'From the head of the log to the stream',
    'since the log signed the first head that covers the entry',
  ],
  [
    'entry_to_feed',
    'From the timestamp of the entry to the stream',
    'contains the time in which the log merges the entry',
  ],
  [
    'feed_to_socket',
    'From the stream to the socket of a client',
    'until the operating system took the message',
  ],
] as const;

function Delays({ delay }: { readonly delay: DashboardData['delay'] }) {
  return (
    <table class="cards">
      <caption class="unseen">Delays</caption>
      <thead>
        <tr>
          <th scope="col">Way</th>
          <th scope="col" class="number">
            p50
          </th>
          <th scope="col" class="number">
            p99
          </th>
          <th scope="col" class="number">
            Measured
          </th>
        </tr>
      </thead>
      <tbody>
        {WAYS.map(([key, title, meaning]) => (
          <tr key={key}>
            <th scope="row">
              {title}
              <span class="soft sub">{meaning}</span>
            </th>
            <td class="number" data-label="p50">
              {delayText(delay[key], 'p50')}
            </td>
            <td class="number" data-label="p99">
              {delayText(delay[key], 'p99')}
            </td>
            <td class="number" data-label="Measured">
              {count(delay[key].count)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Returns the share of a core that the main thread took. Its utilization also has the time for which it waited for a core. */
function mainThread({ cpu, event_loop_utilization: busy }: DashboardData['history']['server']) {
  return busy.map((share, at) => (share === null ? null : Math.min(share, cpu[at] ?? share)));
}

/** A delay above the largest bucket was measured, but has no number. */
function delayText(delay: DashboardDelay, part: 'p50' | 'p99'): string {
  const seconds = delay[part];
  if (seconds !== null) return duration(seconds);
  return delay.count === 0 ? UNKNOWN : 'very long';
}
