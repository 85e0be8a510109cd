import { Store } from '../state/store.js';
import { certificateRow, type CertificateRow } from './certificate-row.js';
import { FilterTextError, readFilterText, writeFilterText } from './filter-text.js';
import { RateMeter } from './rate-meter.js';
import { Sampler } from './sampler.js';
import {
  type ConnectionState,
  type Selection,
  StreamConnection,
  type StreamServer,
} from './stream-connection.js';
import type { Gap } from './stream-message.js';

export interface LiveState {
  readonly connection: ConnectionState;
  /** Newest first. */
  readonly rows: readonly CertificateRow[];
  /** Certificates since the filter was applied. */
  readonly received: number;
  readonly shown: number;
  /** Certificates that the server left out for this page, and whether there were gaps of unknown size. */
  readonly missed: number;
  readonly hasUnknownGap: boolean;
  /** Certificates per second over the last seconds. */
  readonly rate: number;
  /** The selection as the server understood it, and the filter as text. */
  readonly selection: Selection;
  readonly filterText: string;
  readonly filterError: string;
  readonly isPaused: boolean;
  /** Whether the list stays as it is because a person is in it. */
  readonly isHeld: boolean;
}

/** What keeps the list as it is: the pointer on it, the focus of the keyboard in it, or an open certificate. */
export type ListHolder = 'pointer' | 'focus' | 'dialog';

const TICK_MS = 250;
/** Rows per second that a person can read, and at most at once. */
const ROWS_PER_SECOND = 4;
const BURST = 30;
const MAX_ROWS = 100;

/** The certificates of the Live page. The server sends a sample and counts the others; the page parses those only that it shows. */
export class LiveFeed {
  readonly state = new Store<LiveState>({
    connection: { kind: 'off' },
    rows: [],
    received: 0,
    shown: 0,
    missed: 0,
    hasUnknownGap: false,
    rate: 0,
    selection: { fields: {}, unique: false },
    filterText: '',
    filterError: '',
    isPaused: false,
    isHeld: false,
  });
  /** Is called once per tick with the number of new certificates that match a filter. */
  onHits: (count: number) => void = () => undefined;
  private readonly connection: StreamConnection;
  private sampler = new Sampler<string>({ perTick: (ROWS_PER_SECOND * TICK_MS) / 1000, burst: BURST });
  private ticker: ReturnType<typeof setInterval> | undefined;
  private received = 0;
  /** {@link received} at the place at which the stream would continue, and at the end of the last tick. */
  private placed = 0;
  private ticked = 0;
  private lastKey = 0;
  private hasFilter = false;
  private readonly meter = new RateMeter();
  /** Whether the selection of the first connection is not applied yet: what comes before is not counted. */
  private isSelecting = false;
  private readonly holders = new Set<ListHolder>();

  constructor(server: StreamServer) {
    this.connection = new StreamConnection(server, {
      onCertificate: (text) => {
        if (this.isSelecting) return;
        this.received++;
        this.sampler.offer(text);
      },
      onPlace: (leftOut) => this.reach(leftOut),
      onReturn: () => this.count(this.placed),
      onState: (connection) => this.state.merge({ connection }),
      onSelected: (selection) => this.begin(selection),
      onRefused: (filterError) => {
        this.isSelecting = false;
        this.state.merge({ filterError });
      },
      onGap: (gap) => this.miss(gap),
    });
  }

  start(): void {
    this.ticker ??= setInterval(() => this.tick(), TICK_MS);
    this.connection.start();
  }

  stop(): void {
    clearInterval(this.ticker);
    this.ticker = undefined;
    this.connection.stop();
  }

  retry(): void {
    this.connection.retry();
  }

  /** Applies the text of the filter box on the server. A mistake is in the state afterwards. */
  apply(filterText: string, unique: boolean): void {
    try {
      const fields = readFilterText(filterText);
      this.isSelecting = this.received === 0;
      this.state.merge({ filterText, filterError: '' });
      this.connection.select({ fields, unique });
      this.connection.retry();
    } catch (error) {
      if (!(error instanceof FilterTextError)) throw error;
      this.state.merge({ filterText, filterError: error.message });
    }
  }

  setPaused(isPaused: boolean): void {
    this.state.merge({ isPaused });
  }

  /** The list stays as it is until no holder is left. */
  hold(holder: ListHolder, isHeld = true): void {
    if (isHeld) this.holders.add(holder);
    else this.holders.delete(holder);
    this.state.merge({ isHeld: this.holders.size > 0 });
  }

  /** Lets the list move again, whatever holds it. */
  releaseList(): void {
    this.holders.clear();
    this.state.merge({ isHeld: false });
  }

  /** Starts the list and the counts anew. */
  private begin(selection: Selection): void {
    this.isSelecting = false;
    // The empty list is removed, and neither the pointer nor the focus leaves it.
    this.releaseList();
    this.placed = 0;
    this.count(0);
    this.hasFilter = Object.keys(selection.fields).length > 0;
    this.sampler = new Sampler({ perTick: (ROWS_PER_SECOND * TICK_MS) / 1000, burst: BURST });
    this.state.merge({
      selection,
      filterText: writeFilterText(selection.fields),
      filterError: '',
      rows: [],
      received: 0,
      shown: 0,
      missed: 0,
      hasUnknownGap: false,
    });
  }

  /** Counts the certificates that the server left out. */
  private reach(leftOut: number): void {
    if (this.isSelecting) return;
    this.received += leftOut;
    this.placed = this.received;
    this.meter.note(this.received, performance.now());
  }

  /** Sets the count back: what comes next was not counted in it. */
  private count(received: number): void {
    this.received = this.ticked = received;
    this.meter.begin(received, performance.now());
  }

  private miss({ messages }: Gap): void {
    const { missed } = this.state.value;
    this.state.merge(messages === undefined ? { hasUnknownGap: true } : { missed: missed + messages });
  }

  private tick(): void {
    const { value } = this.state;
    const arrived = this.received - this.ticked;
    this.ticked = this.received;
    const rate = this.meter.rate(this.received, performance.now());
    // A list that stands still keeps the oldest chosen certificates out, and shows newer ones later.
    const stands = value.isPaused || value.isHeld || document.hidden;
    const added = stands ? [] : this.take();
    if (arrived > 0 && this.hasFilter) this.onHits(arrived);
    if (this.received === value.received && added.length === 0 && rate === value.rate) return;
    this.state.merge({
      received: this.received,
      rate,
      shown: value.shown + added.length,
      rows: added.length === 0 ? value.rows : [...added.toReversed(), ...value.rows].slice(0, MAX_ROWS),
    });
  }

  private take(): CertificateRow[] {
    const rows = [];
    for (const text of this.sampler.take()) {
      const row = certificateRow(text, ++this.lastKey, this.hasFilter);
      if (row !== undefined && !this.isShown(row)) rows.push(row);
    }
    return rows;
  }

  /** Whether the list has the entry: after a break of the connection some come again. */
  private isShown({ logId, index }: CertificateRow): boolean {
    return this.state.value.rows.some((row) => row.index === index && row.logId === logId);
  }
}
