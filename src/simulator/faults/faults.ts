import { TILE_WIDTH } from '../log/merkle-tree.js';
import type { FaultHooks, IncomingLogRequest } from '../log/request-context.js';
import { type FaultKind, hooksFor } from './fault-kinds.js';
import type { Endpoint } from '../log/request-log.js';
import { SeededRandom } from '../pki/seeded-random.js';

/** Selects the requests that a fault hits. All conditions must hold. */
export interface FaultTarget {
  /** `*` selects every endpoint. */
  readonly endpoint: Endpoint | readonly Endpoint[] | '*';
  /** Number of requests that the fault hits at most. Default: no limit. */
  readonly times?: number;
  /** Hits only every n-th of the matching requests, starting with the first one. */
  readonly every?: number;
  /** Share of the matching requests that is hit, from 0 to 1. */
  readonly probability?: number;
  readonly match?: (request: IncomingLogRequest) => boolean;
}

export type FaultSpec = FaultTarget & FaultKind;

/** One added fault. */
export class FaultHandle {
  /** Number of requests that were hit. */
  count = 0;
  readonly hooks: FaultHooks;
  private seen = 0;
  private readonly waiters: { count: number; resolve: () => void }[] = [];
  private isReleased = false;
  private settleReleased: () => void = () => undefined;
  /** Resolves when {@link release} is called. */
  readonly released: Promise<void>;

  constructor(
    readonly spec: FaultSpec,
    private readonly onRemove: (handle: FaultHandle) => void,
  ) {
    this.hooks = hooksFor(spec);
    this.released = new Promise((resolve) => {
      this.settleReleased = resolve;
    });
  }

  /** Resolves when the fault has hit its first request. */
  get fired(): Promise<void> {
    return this.firedTimes(1);
  }

  /** Resolves when the fault has hit `count` requests. */
  firedTimes(count: number): Promise<void> {
    if (this.count >= count) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ count, resolve }));
  }

  /** Continues stalled answers. The fault hits no further requests. */
  release(): void {
    this.isReleased = true;
    this.settleReleased();
  }

  /** Removes the fault and continues the answers that it stalls. */
  remove(): void {
    this.release();
    this.onRemove(this);
  }

  /** Returns whether the fault hits a request, and counts it. */
  take(request: IncomingLogRequest, random: SeededRandom): boolean {
    const { times = Infinity, every = 1, probability = 1, match = () => true } = this.spec;
    if (this.count >= times || this.isReleased || !this.isFor(request.endpoint) || !match(request))
      return false;
    if (this.hooks.applies && !this.hooks.applies(request)) return false;
    if (this.seen++ % every !== 0 || random.next() >= probability) return false;
    this.count++;
    for (const waiter of this.waiters) if (this.count >= waiter.count) waiter.resolve();
    return true;
  }

  private isFor(endpoint: Endpoint): boolean {
    const wanted = this.spec.endpoint;
    return wanted === '*' || (typeof wanted === 'string' ? wanted === endpoint : wanted.includes(endpoint));
  }
}

/** The faults of one log or of the log list. */
export class FaultSet {
  private readonly handles = new Set<FaultHandle>();
  private readonly random: SeededRandom;

  /** @param seed selects the requests that a fault with a `probability` hits. */
  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
  }

  add(spec: FaultSpec): FaultHandle {
    const handle = new FaultHandle(spec, (removed) => this.handles.delete(removed));
    this.handles.add(handle);
    return handle;
  }

  /** Removes every fault. */
  clear(): void {
    for (const handle of this.handles) handle.remove();
  }

  /** Returns the faults that hit this request, in the order in which they were added. */
  take(request: IncomingLogRequest): FaultHandle[] {
    return this.handles.size === 0
      ? []
      : [...this.handles].filter((handle) => handle.take(request, this.random));
  }
}

/** Matches requests for more than `count` entries, for a log that refuses large pages. */
export function asksForMoreThan(count: number): (request: IncomingLogRequest) => boolean {
  return (request) => {
    const asked = askedEntries(request);
    return asked !== undefined && asked.to - asked.from > count;
  };
}

/** Matches requests for any of these entries, for a log that cannot serve them. */
export function includesEntry(...indices: readonly number[]): (request: IncomingLogRequest) => boolean {
  return (request) => {
    const asked = askedEntries(request);
    return asked !== undefined && indices.some((index) => index >= asked.from && index < asked.to);
  };
}

/** Returns the range of entries that a request names, with an exclusive end; undefined when it names none. */
function askedEntries({ query, path }: IncomingLogRequest): { from: number; to: number } | undefined {
  const leaf = query.get('leaf_index');
  if (leaf !== null) return { from: Number(leaf), to: Number(leaf) + 1 };
  const start = query.get('start');
  if (start !== null) return { from: Number(start), to: Number(query.get('end')) + 1 };
  const [, index] = /^\/tile\/data\/([x/\d]+)/.exec(path) ?? [];
  if (index === undefined) return undefined;
  const from = Number(index.replaceAll(/[x/]/g, '')) * TILE_WIDTH;
  return { from, to: from + TILE_WIDTH };
}
