/** Tables of the two ASCII digits of every octet, for storing with a little-endian `DataView` method. */
export interface HexDigits {
  /** The two digits, 16 bits, by octet. */
  readonly pairs: Uint16Array;
  /** The two digits and a colon, 24 of 32 bits, by octet. */
  readonly withColon: Int32Array;
}

const COLON = 0x3a;

function hexDigits(digits: string): HexDigits {
  const octets = Array.from({ length: 256 }, (_, octet) => octet);
  const pair = (octet: number): number =>
    digits.charCodeAt(octet >> 4) | (digits.charCodeAt(octet & 15) << 8);
  return {
    pairs: Uint16Array.from(octets, pair),
    withColon: Int32Array.from(octets, (octet) => pair(octet) | (COLON << 16)),
  };
}

export const HEX_UPPER = hexDigits('0123456789ABCDEF');
export const HEX_LOWER = hexDigits('0123456789abcdef');
