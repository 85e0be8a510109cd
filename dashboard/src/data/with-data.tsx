import type { ComponentChildren } from 'preact';
import type { DashboardData } from '../../../src/dashboard/dashboard-data.js';
import type { DataPoll } from '../server/data-poll.js';
import { useStore } from '../state/store.js';

/** Shows a page as soon as there is data, and says when the data is no longer renewed. */
export function WithData({
  poll,
  children,
}: {
  readonly poll: DataPoll;
  readonly children: (data: DashboardData) => ComponentChildren;
}) {
  const { data, problem } = useStore(poll.state);
  return (
    <>
      <p class="problem" role="status">
        {problem === '' ? '' : `${problem}${data === undefined ? '' : ' The figures below are old.'}`}
      </p>
      {data === undefined ? problem === '' && <p class="empty">Loading…</p> : children(data)}
    </>
  );
}
