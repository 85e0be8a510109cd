/** The mark is a small Merkle tree. */
export function Brand() {
  return (
    <div class="brand">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <g fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round">
          <path d="M12 6v4M6 18v-3.5q0-4.5 6-4.5t6 4.5V18" />
        </g>
        <g fill="currentColor">
          <circle cx="12" cy="4.5" r="2.6" />
          <circle cx="6" cy="19.5" r="2.6" />
          <circle cx="18" cy="19.5" r="2.6" />
        </g>
      </svg>
      <span>certstream</span>
    </div>
  );
}
