import { memo } from 'preact/compat';
import type { DashboardHistory, DashboardLog } from '../../../src/dashboard/dashboard-data.js';
import { Verdict } from '../data/verdict.js';
import { ago, count, duration, rate, UNKNOWN } from '../text/format.js';
import { visibleText } from '../text/visible-text.js';
import { growthOf } from './sparkline-path.js';

type LogHistory = DashboardHistory['logs']['of'][string];

const WIDTH = 120;
const HEIGHT = 26;

export function LogRow({
  log,
  nowMs,
  history,
  sampleCount,
  hasMember,
}: {
  readonly log: DashboardLog;
  readonly nowMs: number;
  readonly history: LogHistory | undefined;
  readonly sampleCount: number;
  /** Whether the table has a column of the members of a cluster. */
  readonly hasMember: boolean;
}) {
  const { lag, rates, last_error, missing_entries } = log;
  return (
    <tr>
      <th scope="row">
        <bdi class="log-name">{visibleText(log.name, 100)}</bdi>
        <span class="soft sub">
          <bdi>{visibleText(log.operator, 60)}</bdi>, {log.type === 'tiled' ? 'tiled' : 'RFC 6962'}
        </span>
      </th>
      <td data-label="Verdict">
        <Verdict verdict={log.verdict} />
        {last_error !== null && log.verdict.level !== 'good' && (
          <span class="soft sub">
            {visibleText(last_error.code, 60)}, {ago(last_error.at_ms, nowMs)}
          </span>
        )}
        {missing_entries > 0 && <span class="soft sub">{count(missing_entries)} entries are missing</span>}
      </td>
      <td class="number" data-label="Index">
        {count(log.streamed_index)}
      </td>
      <td class="number" data-label="Tree size">
        {count(log.tree_size)}
      </td>
      <td class="number" data-label="Behind">
        {count(lag)}
      </td>
      <td class="number" data-label="Per second" title={`grows by ${rate(rates.growth)} per second`}>
        {rate(rates.delivery)}
      </td>
      <td class="number" data-label="Caught up in">
        {duration(log.catch_up_seconds)}
      </td>
      <td class="number" data-label="Verified">
        <Verified log={log} />
      </td>
      <td class="number" data-label="Last head">
        {ago(log.head_ms, nowMs)}
      </td>
      {hasMember && (
        <td data-label="Member">
          <bdi>{visibleText(log.member ?? UNKNOWN, 60)}</bdi>
        </td>
      )}
      <td data-label="Published, ingested">
        {history === undefined ? UNKNOWN : <Sparkline history={history} sampleCount={sampleCount} />}
      </td>
    </tr>
  );
}

function Verified({ log: { verification, verified_index, streamed_index } }: { readonly log: DashboardLog }) {
  if (verification === 'off') return <>off</>;
  if (verification === 'broken') return <span class="is-bad">broken</span>;
  if (verified_index === null) return <>{UNKNOWN}</>;
  return streamed_index !== null && streamed_index > 0 && verified_index >= streamed_index ? (
    <>all</>
  ) : (
    <>{count(verified_index)}</>
  );
}

/** The samples of a log change once in a while, and the rest of the page every two seconds. */
const Sparkline = memo(
  function Sparkline({ history }: { readonly history: LogHistory; readonly sampleCount: number }) {
    const growth = growthOf(history.tree_size, history.streamed_index, WIDTH, HEIGHT);
    return (
      <span class="growth">
        <svg viewBox={`-1 -1 ${WIDTH + 2} ${HEIGHT + 2}`} aria-hidden="true" preserveAspectRatio="none">
          <path class="is-published" d={growth.publishedPath} />
          <path class="is-ingested" d={growth.ingestedPath} />
        </svg>
        <span class="sub">
          {count(growth.published)} <span class="soft">/</span> {count(growth.ingested)}
        </span>
      </span>
    );
  },
  (before, after) =>
    before.sampleCount === after.sampleCount &&
    before.history.tree_size.at(-1) === after.history.tree_size.at(-1) &&
    before.history.streamed_index.at(-1) === after.history.streamed_index.at(-1),
);
