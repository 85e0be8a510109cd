const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const COMMA = 0x2c;
const ZULU = 0x5a;
const UTC_TIME_LENGTH = 13;

/**
 * Returns the Unix seconds of a UTCTime or GeneralizedTime (RFC 5280, 4.1.2.5), or NaN if there is no such time.
 * It accepts more than DER: seconds may be missing, offsets are applied, fractions are cut off, a leap second counts as
 * the first second of the next minute, and a missing zone means UTC.
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

/** Reads `YYMMDDhhmmssZ`, the only form that RFC 5280 (4.1.2.5.1) allows. */
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

/** Returns NaN if there is no such time. */
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

/** Reads the text of a time piece by piece. Every malformed piece is NaN, which makes the result NaN. */
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

  /** Reads the offset from UTC in seconds. It must be the end of the text. */
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

/** Returns the days since 1970-01-01 in the proleptic Gregorian calendar. Internally a year begins in March. */
function daysFromEpoch(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
