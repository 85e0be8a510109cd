/** Complete WebSocket frames one after the other in shared memory; frame i is `frameStart[i]` to `frameStart[i + 1]`. */
export interface FrameBatch {
  readonly buffer: Buffer;
  readonly count: number;
  /** `count + 1` offsets into {@link buffer}. */
  readonly frameStart: Uint32Array;
}
