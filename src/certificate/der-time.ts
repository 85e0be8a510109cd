const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const COMMA = 0x2c;
const ZULU = 0x5a;
const UTC_TIME_LENGTH = 13;

/**
 * Unix seconds of a UTCTime or GeneralizedTime (RFC 5280, 4.1.2.5), or NaN when there is no such date.
 * More is read than DER allows: seconds may be missing, offsets are honoured, fractions cut off, a leap
 * second counts as the first second of the next minute, a missing zone means UTC.
 */
export function readTime(bytes: Buffer, start: number, end: number, generalized: boolean): number {
  if (!generalized && end - start === UTC_TIME_LENGTH && bytes[end - 1] === ZULU)
    return readUtcTime(bytes, start);
  const time = new TimeDigits(bytes, start, end);
  let year = generalized ? time.pair() * 100 + time.pair() : time.pair();
  if (!generalized) year += year >= 50 ? 1900 : 2000;
  const month = time.pair();
  const day = time.pair();
  const hour = time.pair();
  const minute = !generalized || time.hasDigit() ? time.pair() : 0;
  const second = time.hasDigit() ? time.pair() : 0;
  time.skipFraction();
  return unixSeconds(year, month, day, hour, minute, second) - time.zone();
}

/** `YYMMDDhhmmssZ`, the only form that RFC 5280 (4.1.2.5.1) allows. */
function readUtcTime(bytes: Buffer, start: number): number {
  const year = pairAt(bytes, start);
  return unixSeconds(
    year + (year >= 50 ? 1900 : 2000),
    pairAt(bytes, start + 2),
    pairAt(bytes, start + 4),
    pairAt(bytes, start + 6),
    pairAt(bytes, start + 8),
    pairAt(bytes, start + 10),
  );
}

function pairAt(bytes: Buffer, at: number): number {
  if (!isDigit(bytes[at]) || !isDigit(bytes[at + 1])) return NaN;
  return (bytes[at] - 48) * 10 + bytes[at + 1] - 48;
}

/** NaN when there is no such time. */
function unixSeconds(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return NaN;
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return NaN;
  return daysFromEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
}

/** Position in the text of a time; every misfit makes a NaN that spoils the result. */
class TimeDigits {
  constructor(
    private readonly bytes: Buffer,
    private at: number,
    private readonly end: number,
  ) {}

  hasDigit(): boolean {
    return this.at < this.end && isDigit(this.bytes[this.at]);
  }

  pair(): number {
    const { at } = this;
    this.at += 2;
    return this.at > this.end ? NaN : pairAt(this.bytes, at);
  }

  skipFraction(): void {
    const mark = this.at < this.end ? this.bytes[this.at] : 0;
    if (mark !== DOT && mark !== COMMA) return;
    this.at++;
    while (this.hasDigit()) this.at++;
  }

  /** Offset from UTC in seconds; nothing may follow it. */
  zone(): number {
    if (this.at === this.end) return 0;
    if (this.at > this.end) return NaN;
    const sign = this.bytes[this.at++];
    if (sign === ZULU) return this.at === this.end ? 0 : NaN;
    if (sign !== PLUS && sign !== MINUS) return NaN;
    const hours = this.pair();
    const minutes = this.hasDigit() ? this.pair() : 0;
    if (!(hours <= 23 && minutes <= 59) || this.at !== this.end) return NaN;
    const seconds = hours * 3600 + minutes * 60;
    return sign === MINUS ? -seconds : seconds;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days of the proleptic Gregorian calendar since 1970-01-01; years are counted from March. */
function daysFromEpoch(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
