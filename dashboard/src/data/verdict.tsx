import type { DashboardVerdict } from '../../../src/dashboard/dashboard-data.js';

const MARKS = {
  good: <path d="M3 8.5l3.2 3.2L13 4.8" />,
  busy: <path d="M8 4.6V8l2.2 1.6M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z" />,
  bad: <path d="M8 6v3.4M8 11.8v.2M8 1.8l6.7 12.2H1.3z" />,
} as const;

/** A verdict in words. Each level has a mark of another shape, so that the colours are not needed. */
export function Verdict({ verdict: { level, text } }: { readonly verdict: DashboardVerdict }) {
  return (
    <span class={`verdict is-${level}`}>
      <svg
        viewBox="0 0 16 16"
        aria-hidden="true"
        fill="none"
        stroke="currentColor"
        stroke-width="1.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      >
        {MARKS[level]}
      </svg>
      <span>{text}</span>
    </span>
  );
}
