import { memo } from 'preact/compat';
import { count, timeOfDay, utcTime } from '../text/format.js';
import type { CertificateRow } from './certificate-row.js';
import type { ListHolder } from './live-feed.js';

export interface CertificateListProps {
  readonly rows: readonly CertificateRow[];
  /** What to show instead of an empty list. */
  readonly empty: string;
  readonly isPaused: boolean;
  /** Whether the list stands still because the pointer or the focus of the keyboard is in it. */
  readonly isHeld: boolean;
  readonly onOpen: (row: CertificateRow) => void;
  readonly onHold: (holder: ListHolder, isHeld: boolean) => void;
}

/** The newest certificates. */
export function CertificateList({ rows, empty, isPaused, isHeld, onOpen, onHold }: CertificateListProps) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <>
      <p class={`held${isPaused || isHeld ? ' is-shown' : ''}`} aria-hidden="true">
        {isPaused ? 'The list is paused.' : 'The list stands still while you are in it.'}
      </p>
      <ul
        class={`certificates${isPaused ? ' is-paused' : ''}`}
        aria-label="Newest certificates"
        onPointerEnter={({ pointerType }) => pointerType === 'mouse' && onHold('pointer', true)}
        onPointerLeave={() => {
          onHold('pointer', false);
          // A dialog that was opened with the pointer and closed with Escape leaves the focus here.
          onHold('focus', false);
        }}
        // A click also focuses a certificate, and would hold the list until the next click elsewhere.
        onFocusIn={({ target }) => onHold('focus', (target as Element).matches(':focus-visible'))}
        onFocusOut={() => onHold('focus', false)}
        onKeyDown={moveFocus}
      >
        {rows.map((row) => (
          <Row key={row.key} row={row} onOpen={onOpen} />
        ))}
      </ul>
    </>
  );
}

const Row = memo(
  function Row({
    row,
    onOpen,
  }: {
    readonly row: CertificateRow;
    readonly onOpen: (row: CertificateRow) => void;
  }) {
    const more = row.nameCount - row.names.length;
    return (
      <li class={row.isHit ? 'is-hit' : undefined}>
        <button type="button" onClick={() => onOpen(row)}>
          <span class="names">
            <bdi>{row.names[0]}</bdi>
            {row.names.slice(1).map((name) => (
              <span key={name} class="other-name">
                {', '}
                <bdi>{name}</bdi>
              </span>
            ))}
            {more > 0 && <span class="soft"> +{count(more)}</span>}
          </span>
          <span class="time" title={utcTime(row.seenMs)}>
            {timeOfDay(row.seenMs)}
          </span>
          <span class={`kind is-${row.kind}`}>
            {row.kind === 'precertificate' ? 'precert' : row.kind === 'entry' ? 'entry' : 'cert'}
          </span>
          <span class="issuer">
            <span class="unseen">issued by </span>
            <bdi>{row.issuer}</bdi>
          </span>
          <span class="log">
            <span class="unseen">in </span>
            <bdi>{row.log}</bdi>
          </span>
        </button>
      </li>
    );
  },
  (before, after) => before.row === after.row,
);

/** The arrow keys, Home and End move between the certificates. */
function moveFocus(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const buttons = [...event.currentTarget.querySelectorAll('button')];
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (next === undefined || at === -1) return;
  event.preventDefault();
  buttons[next]?.focus();
}
