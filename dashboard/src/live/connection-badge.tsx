import { useEffect, useState } from 'preact/hooks';
import type { ConnectionState } from './stream-connection.js';

const TEXTS: Readonly<Record<ConnectionState['kind'], string>> = {
  off: 'Not connected',
  connecting: 'Connecting…',
  replaying: 'Catching up with what was missed…',
  live: 'Live',
  token: 'An access token is needed',
  waiting: 'Disconnected.',
  stopped: 'Disconnected.',
};

/** Says whether the stream is connected, and if not, why and when the next attempt is. */
export function ConnectionBadge({
  state,
  onRetry,
}: {
  readonly state: ConnectionState;
  readonly onRetry: () => void;
}) {
  const isWaiting = state.kind === 'waiting';
  return (
    <div class={`connection is-${state.kind}`}>
      <span class="dot" aria-hidden="true" />
      <span role="status">
        {TEXTS[state.kind]}
        {(isWaiting || state.kind === 'stopped') && ` ${state.reason}`}
      </span>
      {isWaiting && <Countdown toMs={state.retryAtMs} />}
      {(isWaiting || state.kind === 'stopped') && (
        <button type="button" class="quiet" onClick={onRetry}>
          Try now
        </button>
      )}
    </div>
  );
}

/** Is outside of the status, so that a screen reader does not read every second. */
function Countdown({ toMs }: { readonly toMs: number }) {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((toMs - nowMs) / 1000));
  return <span class="soft">Next attempt in {seconds} s.</span>;
}
