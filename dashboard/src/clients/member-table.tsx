import type { DashboardCluster } from '../../../src/dashboard/dashboard-data.js';
import { Figure, Head } from '../data/figure-table.js';
import { ago, count, duration, UNKNOWN } from '../text/format.js';
import { visibleText } from '../text/visible-text.js';

/** A member that is later than this with the stream is in trouble, seconds. */
const LATE_SECONDS = 10;

/** The live members of the cluster, as the member that answers sees them. */
export function MemberTable({
  cluster: { self, connected, members },
  nowMs,
}: {
  readonly cluster: DashboardCluster;
  readonly nowMs: number;
}) {
  return (
    <>
      {!connected && <p class="is-bad">This member is not connected to NATS.</p>}
      <table class="cards">
        <caption class="unseen">Live members of the cluster</caption>
        <Head
          columns={['Member', 'Id', 'Role', 'Version', 'Logs', 'Outputs', 'Behind', 'Started']}
          textColumns={4}
        />
        <tbody>
          {members.map(({ id, name, role, version, logs, outputs, lag, started_ms }) => (
            <tr key={id}>
              <th scope="row">
                <bdi>{visibleText(name, 100)}</bdi>
                {id === self && <span class="soft sub">this server</span>}
              </th>
              <td data-label="Id">{id}</td>
              <td data-label="Role">{role}</td>
              <td data-label="Version">{visibleText(version, 40)}</td>
              <Figure name="Logs" text={count(logs)} />
              <Figure name="Outputs" text={count(outputs)} />
              <Figure
                name="Behind"
                text={lag === null ? UNKNOWN : `${count(lag.records)}, ${duration(lag.seconds)}`}
                isBad={(lag?.seconds ?? 0) > LATE_SECONDS}
              />
              <Figure name="Started" text={ago(started_ms, nowMs)} />
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
