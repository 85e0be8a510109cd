import { useEffect, useRef, useState } from 'preact/hooks';
import type { Services } from '../shell/app.js';
import { readRoute, writeRoute } from '../shell/route.js';
import { useStore } from '../state/store.js';
import { count, rate } from '../text/format.js';
import { CertificateDialog } from './certificate-dialog.js';
import { CertificateList } from './certificate-list.js';
import type { CertificateRow } from './certificate-row.js';
import { ConnectionBadge } from './connection-badge.js';
import { FilterBox } from './filter-box.js';
import type { LiveState } from './live-feed.js';

const ANNOUNCE_MS = 10_000;

/** Certificates as they come. */
export function LivePage({ services: { server, feed, sound } }: { readonly services: Services }) {
  const state = useStore(feed.state);
  const [opened, setOpened] = useState<CertificateRow>();
  const hasFilter = Object.keys(state.selection.fields).length > 0;

  // The filter is part of the address, so that it can be kept and passed on.
  useEffect(() => {
    if (readRoute(location.hash).page !== 'live') return;
    const hash = writeRoute({ page: 'live', filter: state.filterText, unique: state.selection.unique });
    if (state.received > 0 || state.filterText !== '') history.replaceState(null, '', hash);
  }, [state.filterText, state.selection]);

  useEffect(() => {
    const follow = () => {
      const { page, filter, unique } = readRoute(location.hash);
      const { filterText, selection } = feed.state.value;
      if (page === 'live' && (filter !== filterText || unique !== selection.unique))
        feed.apply(filter, unique);
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);

  useEffect(() => () => feed.releaseList(), []);

  const close = () => {
    setOpened(undefined);
    feed.hold('dialog', false);
  };

  return (
    <div class="live">
      <FilterBox state={state} onApply={(text, unique) => feed.apply(text, unique)} />
      <div class="live-bar">
        <ConnectionBadge state={state.connection} onRetry={() => feed.retry()} />
        <div class="live-actions">
          <button type="button" aria-pressed={state.isPaused} onClick={() => feed.setPaused(!state.isPaused)}>
            {state.isPaused ? 'Continue' : 'Pause'}
          </button>
          <SoundSwitch sound={sound} />
        </div>
      </div>
      <Counts state={state} />
      <Announcer services={{ feed, sound }} hasFilter={hasFilter} />
      <CertificateList
        rows={state.rows}
        empty={emptyText(state, hasFilter)}
        isPaused={state.isPaused}
        isHeld={state.isHeld}
        onOpen={(row) => {
          feed.hold('dialog');
          setOpened(row);
        }}
        onHold={(holder, isHeld) => feed.hold(holder, isHeld)}
      />
      {opened !== undefined && (
        <CertificateDialog key={opened.key} row={opened} server={server} onClose={() => close()} />
      )}
    </div>
  );
}

function emptyText({ connection, received, isPaused }: LiveState, hasFilter: boolean): string {
  if (connection.kind !== 'live' && connection.kind !== 'replaying') return '';
  if (isPaused) return 'Paused.';
  if (received > 0) return '';
  return hasFilter ? 'No certificate has matched the filter yet.' : 'No certificate has arrived yet.';
}

function Counts({ state }: { readonly state: LiveState }) {
  const { received, shown, missed, hasUnknownGap } = state;
  return (
    <dl class="counts">
      <Count name="per second" value={rate(state.rate)} />
      <Count name="received" value={count(received)} />
      <Count name="shown" value={count(shown)} />
      <Count
        name="not shown"
        value={count(Math.max(0, received - shown))}
        title="Certificates that arrived and are not in the list: more arrive than a person can read."
      />
      <Count
        name="missed"
        value={`${count(missed)}${hasUnknownGap ? ' or more' : ''}`}
        isBad={missed > 0 || hasUnknownGap}
        title="Certificates that did not arrive: the connection was too slow, a log did not deliver them, or the server no longer holds them."
      />
    </dl>
  );
}

function Count(props: {
  readonly name: string;
  readonly value: string;
  readonly title?: string;
  readonly isBad?: boolean;
}) {
  return (
    <div title={props.title} class={props.isBad === true ? 'is-bad' : undefined}>
      <dt>{props.name}</dt>
      <dd data-count={props.name}>{props.value}</dd>
    </div>
  );
}

function SoundSwitch({ sound }: { readonly sound: Services['sound'] }) {
  const [isOn, setOn] = useState(sound.isOn);
  return (
    <button
      type="button"
      aria-pressed={isOn}
      title="A tone for each certificate that matches the filter"
      onClick={() => {
        if (isOn) sound.turnOff();
        else sound.turnOn();
        setOn(!isOn);
      }}
    >
      Sound {isOn ? 'on' : 'off'}
    </button>
  );
}

/** Plays the tone for hits, and announces them to screen readers from time to time. */
function Announcer({
  services,
  hasFilter,
}: {
  readonly services: Pick<Services, 'feed' | 'sound'>;
  readonly hasFilter: boolean;
}) {
  const [text, setText] = useState('');
  const hits = useRef(0);
  useEffect(() => {
    services.feed.onHits = (arrived) => {
      hits.current += arrived;
      services.sound.play();
    };
    const timer = setInterval(() => {
      if (hits.current === 0) return;
      setText(
        `${count(hits.current)} new certificate${hits.current === 1 ? ' matches' : 's match'} the filter.`,
      );
      hits.current = 0;
    }, ANNOUNCE_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="unseen" role="status">
      {hasFilter ? text : ''}
    </p>
  );
}
