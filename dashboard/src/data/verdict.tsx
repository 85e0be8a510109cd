import type { DashboardVerdict } from '../../../src/dashboard/dashboard-data.js';

const MARKS = {
  good: <path d="M3.5 8.5l3 3 6-7" />,
  busy: <path d="M8 4v4.5l3 2" />,
  bad: <path d="M8 4v5M8 11.6v.4" />,
} as const;

/** A verdict in words. Its mark has a shape of its own for each level, so that nobody needs to see colours. */
export function Verdict({ verdict: { level, text } }: { readonly verdict: DashboardVerdict }) {
  return (
    <span class={`verdict is-${level}`}>
      <svg
        viewBox="0 0 16 16"
        aria-hidden="true"
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        stroke-linejoin="round"
      >
        {MARKS[level]}
      </svg>
      <span>{text}</span>
    </span>
  );
}
