const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Converts `90s`, `30m`, `36h` or `7d` (1 s to 10,000 d) to milliseconds; returns undefined for any other text. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  if (match === null) return undefined;
  const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  return ms > 0 && ms <= 10_000 * UNIT_MS.d ? ms : undefined;
}
