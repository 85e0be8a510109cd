/** Texts of figures. A figure that is not known is an en dash. */
export const UNKNOWN = '–';

const LOCALE = 'en-GB';
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** `1,234,567` */
export function count(value: number | null): string {
  return value === null ? UNKNOWN : whole.format(value);
}

/** `0`, `0.4`, `12.5`, `1,234`: figures per second with as many digits as a person reads. */
export function rate(value: number | null): string {
  if (value === null) return UNKNOWN;
  return value !== 0 && Math.abs(value) < 100 ? tenths.format(value) : whole.format(value);
}

/** `37 %` */
export function percent(share: number | null): string {
  if (share === null) return UNKNOWN;
  const value = share * 100;
  return `${Math.abs(value) < 10 && value !== 0 ? tenths.format(value) : whole.format(value)} %`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `812 B`, `1.4 MB`: decimal units. */
export function bytes(value: number | null): string {
  if (value === null) return UNKNOWN;
  let scaled = value;
  let unit = 0;
  for (; scaled >= 999.5 && unit < BYTE_UNITS.length - 1; unit++) scaled /= 1000;
  return `${unit === 0 || scaled >= 99.95 ? whole.format(scaled) : tenths.format(scaled)} ${BYTE_UNITS[unit]}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `40 ms`, `1.4 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return UNKNOWN;
  if (seconds < 0.9995) return `${whole.format(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${tenths.format(seconds)} s`;
  if (seconds < MINUTE - 0.5) return `${whole.format(seconds)} s`;
  if (seconds < HOUR - MINUTE / 2) return `${whole.format(seconds / MINUTE)} min`;
  if (seconds < DAY - MINUTE / 2) return parts(seconds, HOUR, 'h', MINUTE, 'min');
  return parts(seconds, DAY, 'd', HOUR, 'h');
}

function parts(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const total = Math.round(seconds / small);
  const rest = total % (large / small);
  const first = `${whole.format(Math.floor(total / (large / small)))} ${largeName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}

/** `4 s ago`; `now` for less than a second, also for times that lie slightly ahead of this clock. */
export function ago(ms: number | null, nowMs: number): string {
  if (ms === null) return UNKNOWN;
  const seconds = Math.floor((nowMs - ms) / 1000);
  return seconds < 1 ? 'now' : `${duration(seconds)} ago`;
}

const clock = new Intl.DateTimeFormat(LOCALE, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZone: 'UTC',
});

/** `14:02:33`, UTC as all times of the page. */
export function timeOfDay(ms: number): string {
  return isTime(ms) ? clock.format(ms) : UNKNOWN;
}

/** `2026-11-30 14:02:33 UTC`; the number itself if it is no time that a calendar has. */
export function utcTime(ms: number): string {
  return isTime(ms) ? `${new Date(ms).toISOString().slice(0, -5).replace('T', ' ')} UTC` : String(ms);
}

/** The latest time that a Date can represent (ECMA-262, 21.4.1.1). */
function isTime(ms: number): boolean {
  return Math.abs(ms) <= 8.64e15;
}
