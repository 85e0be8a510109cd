import type { CertificateBatch } from '../../certificate/certificate-batch.js';
import type { JournalPosition, ReplayStart } from '../../feed/cursor.js';
import type { EntryJournal, JournalGap, JournalRecord } from '../../feed/journal/entry-journal.js';
import type { UniqueWindow } from '../../unique/unique-window.js';
import type { BatchDelivery, FrameReceiver } from './batch-delivery.js';
import type { LiveTail } from './live-tail.js';
import type { ReplayTurns } from './replay-turns.js';
import type { RecentBatches } from '../../feed/recent-batches.js';
import type { SlicePart } from './shared-slice.js';
import type { StreamAudience } from './stream-audience.js';
import type { Subscriber } from './subscriber.js';
import type { EntryRun } from './subscriber-queue.js';

/** Objects that all replays share. */
export interface ReplaySource {
  readonly journal: EntryJournal;
  readonly batches: RecentBatches;
  readonly tail: LiveTail;
  readonly window: UniqueWindow;
  readonly turns: ReplayTurns;
}

/** Entries that are sent in one turn. */
const STEP = 64;
/** After this time without a record, the replay continues with the newest entries: the journal cannot store records now. */
const PATIENCE_MS = 5000;

interface CurrentBatch {
  readonly delivery: BatchDelivery;
  readonly seq: number;
  /** Positions of the wanted entries; undefined for all. */
  readonly wanted: readonly number[] | undefined;
}

/**
 * Sends one client the entries of the journal from a place on, as fast as it reads, until it has caught up with the live stream. A
 * client that does not read holds no more than what its connection holds, and the octets of one batch.
 */
export class Replay implements FrameReceiver {
  readonly options: FrameReceiver['options'];
  /** The next entry to send; undefined until the first record after a time is read. */
  position: JournalPosition | undefined;
  private items: AsyncIterator<JournalRecord | JournalGap> | undefined;
  private current: CurrentBatch | undefined;
  private waiting: Promise<IteratorResult<JournalRecord | JournalGap>> | undefined;
  private readonly stopping = new AbortController();
  private readonly stopped = new Promise<void>((resolve) => {
    this.stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  /**
   * @param onGap is called for records that the journal no longer holds.
   * @param onLive is called when the client has got every published entry. It must attach the client to the live stream at once.
   */
  constructor(
    private readonly subscriber: Subscriber,
    private readonly audience: StreamAudience,
    private readonly source: ReplaySource,
    private readonly start: ReplayStart,
    private readonly events: { readonly onGap: (gap: JournalGap) => void; readonly onLive: () => void },
  ) {
    const { connection, options } = subscriber;
    this.options = {
      dialect: options.dialect,
      enrich: options.enrich,
      encoding: connection.encoding.sharing?.alone ?? connection.encoding,
    };
    if ('seq' in start) this.position = start;
  }

  /** Applies another filter of the client from {@link position} on. */
  refilter(): void {
    if (this.current !== undefined) this.current = { ...this.current, wanted: undefined };
  }

  /** Ends the replay. @returns where another replay would continue. */
  stop(): ReplayStart {
    this.stopping.abort();
    return this.position ?? this.start;
  }

  /** Resolves when the client is live or the replay was stopped. @throws the error of a journal that cannot be read. */
  async run(): Promise<void> {
    const { signal } = this.stopping;
    const { tail, turns } = this.source;
    const { connection } = this.subscriber;
    tail.hold();
    try {
      // The live messages of a client that was paused may still wait.
      await this.drained();
      // Nothing is read for a client that is closing, for example while the server shuts down.
      while (!signal.aborted && connection.isOpen) {
        if (!this.isInTail() && this.current === undefined) await this.read();
        await turns.take();
        if (signal.aborted || !connection.isOpen) return;
        if (this.current === undefined && this.isInTail() && !this.takeFromTail())
          return this.events.onLive();
        await this.sendStep();
        await this.drained();
      }
    } finally {
      tail.release();
      if (!tail.isHeld) this.source.batches.clear();
      this.closeReader();
    }
  }

  publish({ frames: { buffer, count, frameStart } }: SlicePart): void {
    this.subscriber.sendReplayed(buffer.subarray(frameStart[0], frameStart[count]), count);
  }

  lose(...run: EntryRun): void {
    this.subscriber.lose(...run);
  }

  private isInTail(): boolean {
    const { journal, tail } = this.source;
    return this.position !== undefined && tail.covers(this.position.seq, journal.newest);
  }

  /** @returns false after the newest batch. */
  private takeFromTail(): boolean {
    this.closeReader();
    const batch = this.source.tail.from(this.position!.seq);
    if (batch === undefined) return false;
    this.take(batch);
    return true;
  }

  private take(batch: CertificateBatch): void {
    const { seq } = batch.place!;
    if (this.position === undefined || seq > this.position.seq) this.position = { seq, index: 0 };
    this.current = { delivery: this.audience.replayOf(batch), seq, wanted: undefined };
  }

  private async read(): Promise<void> {
    const { journal, batches, tail } = this.source;
    const from =
      this.position === undefined ? (this.start as { time: number }) : { after: this.position.seq - 1 };
    this.items ??= journal.read(from, this.stopping.signal)[Symbol.asyncIterator]();
    this.waiting ??= this.items.next();
    const hadBatches = tail.from(0) !== undefined;
    const result = await withTimeout(this.waiting, PATIENCE_MS);
    if (result === undefined) {
      if (hadBatches) this.continueInTail();
      return;
    }
    this.waiting = undefined;
    if (result.done === true) return;
    const item = result.value;
    if ('from' in item) this.skip(item);
    else this.take(batches.of(item));
  }

  private continueInTail(): void {
    const { journal, tail } = this.source;
    const { seq } = tail.from(0)!.place!;
    const from = this.position?.seq ?? journal.oldest;
    if (seq > from) this.skip({ from, to: seq - 1 });
    this.position ??= { seq, index: 0 };
  }

  private skip(gap: JournalGap): void {
    this.subscriber.selection.noteLoss();
    this.events.onGap(gap);
    this.position = { seq: gap.to + 1, index: 0 };
  }

  private async sendStep(): Promise<void> {
    const { current, position, subscriber } = this;
    if (current === undefined || position === undefined) return;
    const { delivery, seq } = current;
    const { batch } = delivery;
    const to = Math.min(batch.count, position.index + STEP);
    const { selection } = subscriber;
    const { filter } = selection;
    if (filter !== undefined && current.wanted === undefined) {
      const index = await this.audience.filtered.alone(filter);
      if (selection.filter !== filter) return;
      const wanted: number[] = [];
      index.match(batch.entries, (_, positions) => wanted.push(...positions));
      // The client may have got another filter in the meantime.
      if (selection.filter === filter) this.current = { ...current, wanted };
      return;
    }
    if (selection.since === Infinity) selection.since = position.index === 0 ? seq : seq + 1;
    const positions: number[] = [];
    if (current.wanted === undefined) for (let i = position.index; i < to; i++) positions.push(i);
    else for (const i of current.wanted) if (i >= position.index && i < to) positions.push(i);
    const chosen = selection.isParticular ? this.audience.choose(subscriber, batch, positions) : positions;
    if (chosen.length > 0) delivery.sendTo(this, chosen, selection.getsAll);
    const isOver = to >= batch.count;
    this.position = isOver ? { seq: seq + 1, index: 0 } : { seq, index: to };
    if (isOver) this.current = undefined;
    if (selection.remaining > 0) return;
    this.stop();
    this.audience.end(subscriber);
  }

  /** Waits while the connection is full. A client that does not read for long gives up what it holds of the journal. */
  private async drained(): Promise<void> {
    const whenDrained = this.subscriber.whenDrained();
    if (whenDrained === undefined) return;
    const drained = Promise.race([whenDrained, this.stopped]);
    const isDone = await withTimeout(
      drained.then(() => true),
      PATIENCE_MS,
    );
    if (isDone === true) return;
    this.current = undefined;
    this.closeReader();
    await drained;
  }

  private closeReader(): void {
    const { items } = this;
    this.items = undefined;
    this.waiting?.catch(() => undefined);
    this.waiting = undefined;
    void items?.return?.();
  }
}

async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
