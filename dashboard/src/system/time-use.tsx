import type { DashboardProcess } from '../../../src/dashboard/dashboard-data.js';
import { bytes, duration, percent } from '../text/format.js';

/** The CPU time of the process by its kinds, as parts of a bar whose full length is one core, or more if more is used. */
export function TimeUse({ process: { time, event_loop, memory } }: { readonly process: DashboardProcess }) {
  const parts = [
    {
      name: 'JavaScript',
      share: time.javascript,
      kind: 'ingested',
      note: 'requests, certificates and messages',
    },
    {
      name: 'Garbage collection',
      share: time.garbage_collection,
      kind: 'published',
      note: 'on the main thread',
    },
    {
      name: 'Other threads',
      share: time.other_threads,
      kind: 'other',
      note: 'compression, files, names of hosts',
    },
  ];
  const used = parts.reduce((sum, { share }) => sum + (share ?? 0), 0);
  const whole = Math.max(1, used);
  const idle = time.javascript === null ? null : Math.max(0, 1 - used);
  return (
    <div class="time-use">
      <div class="bar" aria-hidden="true">
        {parts.map(({ name, share, kind }) => (
          <span key={name} class={`is-${kind}`} style={{ width: `${((share ?? 0) / whole) * 100}%` }} />
        ))}
      </div>
      <dl class="facts">
        {parts.map(({ name, share, kind, note }) => (
          <div key={name}>
            <dt>
              <span class={`legend is-${kind}`}>{name}</span>
            </dt>
            <dd>
              {percent(share)} <span class="soft">{note}</span>
            </dd>
          </div>
        ))}
        <div>
          <dt>Idle</dt>
          <dd>
            {percent(idle)} <span class="soft">of one core</span>
          </dd>
        </div>
        <div>
          <dt>Timers are late</dt>
          <dd>
            {seconds(event_loop.delay_p50_ms)} <span class="soft">p50,</span>{' '}
            {seconds(event_loop.delay_p99_ms)} <span class="soft">p99</span>
          </dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd>
            {bytes(memory.rss_bytes)} <span class="soft">resident,</span> {bytes(memory.heap_used_bytes)}{' '}
            <span class="soft">of {bytes(memory.heap_total_bytes)} JavaScript heap,</span>{' '}
            {bytes(memory.external_bytes)} <span class="soft">outside</span>
          </dd>
        </div>
      </dl>
    </div>
  );
}

function seconds(ms: number | null): string {
  return duration(ms === null ? null : ms / 1000);
}
