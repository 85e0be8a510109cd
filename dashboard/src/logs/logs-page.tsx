import { useState } from 'preact/hooks';
import type { DashboardData, DashboardVerdict } from '../../../src/dashboard/dashboard-data.js';
import { WithData } from '../data/with-data.js';
import type { DataPoll } from '../server/data-poll.js';
import { count } from '../text/format.js';
import { visibleText } from '../text/visible-text.js';
import { LogRow } from './log-row.js';
import { type Column, COLUMNS, nextOrder, type Order, sortedLogs } from './sort-logs.js';

const TITLES: Readonly<Record<Column, string>> = {
  name: 'Log',
  verdict: 'Verdict',
  index: 'Index',
  size: 'Tree size',
  lag: 'Behind',
  rate: 'Per second',
  'catch-up': 'Caught up in',
  verified: 'Verified',
  head: 'Last head',
  member: 'Member',
};
const TEXTS: ReadonlySet<Column> = new Set(['name', 'verdict', 'member']);

/** Only a cluster has members. */
function columnsFor({ cluster }: DashboardData): readonly Column[] {
  return cluster === null ? COLUMNS.filter((column) => column !== 'member') : COLUMNS;
}

/** The followed logs, and where each one stands. */
export function LogsPage({ poll }: { readonly poll: DataPoll }) {
  const [order, setOrder] = useState<Order>({ column: 'verdict', isDescending: true });
  return (
    <WithData poll={poll}>
      {(data) => (
        <>
          <Summary data={data} />
          <label class="sort-narrow">
            Sorted by{' '}
            <select
              value={order.column}
              onChange={(event) =>
                setOrder(nextOrder({ ...order, column: 'name' }, event.currentTarget.value as Column))
              }
            >
              {columnsFor(data).map((column) => (
                <option key={column} value={column}>
                  {TITLES[column]}
                </option>
              ))}
            </select>
          </label>
          <LogTable data={data} order={order} onSort={(column) => setOrder(nextOrder(order, column))} />
        </>
      )}
    </WithData>
  );
}

function Summary({ data: { logs, log_list } }: { readonly data: DashboardData }) {
  const of = (level: DashboardVerdict['level']) =>
    logs.filter(({ verdict }) => verdict.level === level).length;
  const [bad, busy] = [of('bad'), of('busy')];
  const list = {
    network: `list of logs ${visibleText(log_list.version ?? '', 40)}`,
    cache: `list of logs ${visibleText(log_list.version ?? '', 40)} from the cache`,
    none: 'no list of logs could be loaded',
    unused: 'logs of the configuration',
  }[log_list.source];
  return (
    <p class="summary">
      <strong>{count(logs.length)}</strong> {logs.length === 1 ? 'log' : 'logs'},{' '}
      <strong>{count(of('good'))}</strong> keeping up
      {busy > 0 && (
        <>
          , <strong>{count(busy)}</strong> busy
        </>
      )}
      {bad > 0 && (
        <>
          , <strong class="is-bad">{count(bad)}</strong> in trouble
        </>
      )}
      <span class="soft"> · {list}</span>
      {log_list.error !== null && <span class="is-bad"> · {visibleText(log_list.error, 80)}</span>}
    </p>
  );
}

function LogTable({
  data,
  order,
  onSort,
}: {
  readonly data: DashboardData;
  readonly order: Order;
  readonly onSort: (column: Column) => void;
}) {
  if (data.logs.length === 0) return <p class="empty">No log is followed yet.</p>;
  const { of, times_ms } = data.history.logs;
  const minutes = times_ms.length < 2 ? 0 : Math.round(((times_ms.at(-1) ?? 0) - times_ms[0]) / 60_000);
  return (
    <table class="cards logs">
      <caption class="unseen">Followed logs</caption>
      <thead>
        <tr>
          {columnsFor(data).map((column) => (
            <th
              key={column}
              scope="col"
              class={TEXTS.has(column) ? undefined : 'number'}
              aria-sort={
                order.column !== column ? undefined : order.isDescending ? 'descending' : 'ascending'
              }
            >
              <button type="button" onClick={() => onSort(column)}>
                {TITLES[column]}
              </button>
            </th>
          ))}
          <th scope="col">
            <span class="legend is-published">Published</span>{' '}
            <span class="legend is-ingested">ingested</span>
            {minutes > 0 && <span class="soft"> {minutes} min</span>}
          </th>
        </tr>
      </thead>
      <tbody>
        {sortedLogs(data.logs, order).map((log) => (
          <LogRow
            key={log.url}
            log={log}
            nowMs={data.now_ms}
            history={of[log.url]}
            hasMember={data.cluster !== null}
            sampleCount={times_ms.length}
          />
        ))}
      </tbody>
    </table>
  );
}
