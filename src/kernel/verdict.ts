/**
 * How well a part of the server does its work, as operators read it. `good`: it works. `busy`: the state ends without help. `bad`: a
 * problem for the operator.
 */
export type VerdictLevel = 'good' | 'busy' | 'bad';

const DAY_MS = 86_400_000;

/** A time in the future is not recent: the wall clock was set back after it. */
export function isRecent(time: number, now: number, withinMs: number): boolean {
  return time <= now && now - time < withinMs;
}

/** Returns a duration such as "about 12 minutes". */
export function durationText(seconds: number): string {
  if (seconds < 60) return 'less than a minute';
  const [unit, size] = seconds < 5400 ? ['minute', 60] : seconds < 129_600 ? ['hour', 3600] : ['day', 86_400];
  const count = Math.round(seconds / size);
  return `about ${count} ${unit}${count === 1 ? '' : 's'}`;
}

/**
 * Returns a time such as "14:02 UTC", with the date if it is more than a day away.
 * @param ms since the epoch. A log may sign any number, so it may be no valid time.
 */
export function timeText(ms: number, now: number): string {
  const time = new Date(ms);
  if (Number.isNaN(time.getTime())) return 'an unknown time';
  const [date, clock] = time.toISOString().split('T');
  const text = `${clock.slice(0, 5)} UTC`;
  return Math.abs(now - ms) < DAY_MS ? text : `${date} ${text}`;
}
