/** RSV2 and RSV3 in the first octet of a frame, which no extension of this server uses. MASK is in the second octet. */
const RESERVED = 0x30;
const MASKED = 0x80;
const FIN = 0x80;
/** Bit of the opcodes of control frames. */
const CONTROL = 0x08;
/** Length of the masking key, which follows the length. */
const MASK_LENGTH = 4;

/** Counts the frames in the octets of a client (RFC 6455, 5.2) without reading their payload. Takes O(octets). */
export class FrameCounter {
  /** Octets of the current header that were read. */
  private seen = 0;
  private first = 0;
  private second = 0;
  private length = 0;
  /** Octets of the current frame that are still to come after its header. */
  private rest = 0;
  /** Set at a frame at which `ws` fails the connection. Octets after it are not frames. */
  private isMalformed = false;
  /** Whether the last data frame was a fragment that others follow (RFC 6455, 5.4). */
  private isFragment = false;

  /** Whether a part of a message or of a frame is still to come. */
  get isMidMessage(): boolean {
    return this.rest > 0 || this.seen > 0 || this.isFragment;
  }

  /**
   * @param chunk the octets after the previous chunk.
   * @param most counting may stop at this number and is not resumed.
   * @returns the number of frame headers that end in the chunk.
   */
  count(chunk: Uint8Array, most = Infinity): number {
    let frames = 0;
    let at = 0;
    while (at < chunk.length && frames < most && !this.isMalformed) {
      const skipped = Math.min(this.rest, chunk.length - at);
      this.rest -= skipped;
      at += skipped;
      if (at < chunk.length && this.endsHeader(chunk[at++])) frames++;
    }
    return frames;
  }

  private endsHeader(octet: number): boolean {
    this.seen++;
    if (this.seen === 1) this.first = octet;
    else if (this.seen === 2) {
      this.second = octet;
      this.length = 0;
    } else this.length = this.length * 256 + octet;
    const short = this.second & ~MASKED;
    if (this.seen < 2 || this.seen < (short < 126 ? 2 : short === 126 ? 4 : 10)) return false;
    this.seen = 0;
    if ((this.first & CONTROL) === 0) this.isFragment = (this.first & FIN) === 0;
    this.rest = MASK_LENGTH + (short < 126 ? short : this.length);
    this.isMalformed = (this.first & RESERVED) !== 0 || (this.second & MASKED) === 0;
    return true;
  }
}
