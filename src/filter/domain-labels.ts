import { domainToASCII } from 'node:url';

/** Longest label that is converted, in UTF-16 code units. A label of a DNS name has at most 63 octets (RFC 1035, 2.3.4). */
const MAX_LABEL = 63;
const ACE_PREFIX = 'xn--';
const NOT_ASCII = /[^\0-\x7f]/;
/** ASCII characters that are not part of a host name. The URL parser would end the host at some of them. */
const NOT_OF_HOST = /[\0-,/:-@[-^`{-\x7f]/;

/**
 * Returns the form of a printed name that matchers compare: in lower case and without trailing dot. The name is a text of
 * `all_domains`.
 */
export function comparedName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/**
 * Returns a name with its U-labels turned into A-labels (RFC 5890, 2.3.2.1) by UTS #46. A label that is longer than 63
 * characters or has no valid A-label stays as it is.
 */
export function toALabels(name: string): string {
  if (!NOT_ASCII.test(name)) return name;
  return name.split('.').map(toALabel).join('.');
}

function toALabel(label: string): string {
  if (label.length > MAX_LABEL || !NOT_ASCII.test(label) || NOT_OF_HOST.test(label)) return label;
  // With a second label, the URL parser does not read digits as an IPv4 address.
  const host = domainToASCII(`${label}.a`);
  return host.endsWith('.a') ? host.slice(0, -2) : label;
}

/** Returns a name with its A-labels decoded, in lower case. A label that is no valid Punycode stays as it is. */
export function decodeALabels(name: string): string {
  if (!name.includes(ACE_PREFIX)) return name;
  return name
    .split('.')
    .map((label) =>
      label.startsWith(ACE_PREFIX) && label.length <= MAX_LABEL
        ? (decodePunycode(label.slice(ACE_PREFIX.length))?.toLowerCase() ?? label)
        : label,
    )
    .join('.');
}

// Parameters of Punycode (RFC 3492, 5).
const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_N = 0x80;
const MAX_CODE_POINT = 0x10ffff;

/** Decodes Punycode (RFC 3492, 6.2) in lower case. @returns undefined if it is not valid. */
function decodePunycode(text: string): string | undefined {
  const delimiter = text.lastIndexOf('-');
  const points = Array.from(text.slice(0, Math.max(delimiter, 0)), (character) => character.charCodeAt(0));
  let n = INITIAL_N;
  let bias = INITIAL_BIAS;
  let i = 0;
  for (let at = delimiter + 1; at < text.length;) {
    const before = i;
    for (let weight = 1, k = BASE; ; k += BASE) {
      const digit = digitOf(text.charCodeAt(at++));
      if (digit < 0) return undefined;
      i += digit * weight;
      const threshold = Math.min(Math.max(k - bias, T_MIN), T_MAX);
      if (digit < threshold) break;
      weight *= BASE - threshold;
      if (i > Number.MAX_SAFE_INTEGER / BASE / BASE) return undefined;
    }
    const size = points.length + 1;
    bias = adaptedBias(i - before, size, before === 0);
    n += Math.floor(i / size);
    i %= size;
    if (n > MAX_CODE_POINT || (n >= 0xd800 && n <= 0xdfff)) return undefined;
    points.splice(i++, 0, n);
  }
  return String.fromCodePoint(...points);
}

/** @returns the value of a digit (RFC 3492, 5); -1 for any other character and after the end of the text. */
function digitOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  return code >= 0x30 && code <= 0x39 ? code - 0x30 + 26 : -1;
}

/** RFC 3492, 6.1. */
function adaptedBias(delta: number, size: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? DAMP : 2));
  rest += Math.floor(rest / size);
  let k = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}
