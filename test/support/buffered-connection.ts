import type { FrameEncoding } from '../../src/stream/encoding/frame-encoding.js';
import type { Connection, DrainListener } from '../../src/stream/subscription/connection.js';
import { DeflatedReader } from './deflated-reader.js';

/** Octets above which a stalled connection is full, as `highWaterMark` of a socket. */
const HIGH_WATER = 16_384;

/** A connection in memory. While it is stalled, octets stay in its buffer. */
export class BufferedConnection implements Connection {
  readonly transport = 'websocket';
  readonly reader = new DeflatedReader();
  isOpen = true;
  private readonly written: Buffer[] = [];
  private buffered = 0;
  private stalled = false;
  private listener: DrainListener | undefined;

  constructor(readonly encoding: FrameEncoding) {}

  get isFull(): boolean {
    return this.buffered >= HIGH_WATER;
  }

  get unsentBytes(): number {
    return this.buffered;
  }

  write(octets: Buffer): void {
    this.written.push(octets);
    if (this.stalled) this.buffered += octets.length;
  }

  awaitDrain(listener: DrainListener): void {
    this.listener = listener;
  }

  stopAwaitingDrain(): void {
    this.listener = undefined;
  }

  close(): void {
    this.isOpen = false;
  }

  terminate(): void {
    this.isOpen = false;
  }

  /** Stops sending. */
  stall(): void {
    this.stalled = true;
  }

  /** Sends what is in the buffer. @param stalled whether to stop sending again after that. */
  drain(stalled = false): void {
    this.stalled = stalled;
    this.buffered = 0;
    this.listener?.drained();
  }

  /** Returns all texts so far, as a client reads them. */
  texts(): readonly string[] {
    return this.reader.read(Buffer.concat(this.written.splice(0)));
  }
}
