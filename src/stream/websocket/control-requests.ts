import type { WebSocket } from 'ws';
import { parseBoundedJson } from '../../kernel/bounded-json.js';
import { Allowance } from '../../web/limits/allowance.js';
import type { Steps } from '../../filter/bounded-steps.js';
import type { EntryFilter } from '../../filter/entry-filter.js';
import { both, withoutTermsSteps, withTermsSteps } from '../../filter/filter-changes.js';
import { FilterError } from '../../filter/filter-error.js';
import { type FilterBounds, filterFromJsonSteps } from '../../filter/filter-input.js';
import type { ClientSession } from '../subscription/client-session.js';
import type {
  ErrorMessage,
  StatusMessage,
  SubscribedData,
  SubscribedMessage,
} from '../subscription/stream-events.js';

const REQUESTS_PER_SECOND = 10;
/** Requests of one client that wait for earlier ones. */
const MAX_WAITING = 4;
/** An answer with a filter counts as one request more for each of these octets. */
const OCTETS_PER_REQUEST = 65_536;
/** A client with more unsent octets than this gets no answers, and is closed when it sends a request. */
const MAX_UNSENT = 2 ** 21;
/** Close code "policy violation" (RFC 6455, 7.4.1). */
const POLICY_VIOLATION = 1008;
const OPERATIONS = ['subscribe', 'add', 'remove', 'pause', 'resume', 'status'] as const;
type Operation = (typeof OPERATIONS)[number];

/** A request of a client. */
interface ControlRequest {
  readonly op: string;
  readonly id?: unknown;
  readonly filter?: unknown;
  readonly unique?: unknown;
}

/** A request that cannot be carried out. */
class ControlError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface ControlOptions {
  readonly bounds: FilterBounds;
  /** Longest text of a request, octets. */
  readonly maxBytes: number;
  /** Resolves when a step of work on a large filter may run. */
  readonly turn: () => Promise<void>;
  /** Name of the stream, for `status`. */
  readonly stream: string;
  /** Called with an error that is not a mistake of the client. */
  readonly onDefect: (error: unknown) => void;
}

/**
 * Carries out the requests that a client sends over its WebSocket (docs/consumers.md, "Requests over the WebSocket"). A request is a
 * text message with a JSON object that has `op`. All other messages are ignored.
 */
export class ControlRequests {
  private readonly allowance = new Allowance(REQUESTS_PER_SECOND, 0, performance.now());
  /** The filter of the client without that of its access token. */
  private own: EntryFilter | undefined;
  /** Requests are carried out one after the other. */
  private last: Promise<void> = Promise.resolve();
  private waiting = 0;

  constructor(
    private readonly session: ClientSession,
    private readonly options: ControlOptions,
  ) {
    this.own = session.subscriber.options.own;
  }

  /** Receives the requests of the client. */
  listen(webSocket: WebSocket): void {
    webSocket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.receive(data);
    });
  }

  private receive(data: Buffer): void {
    const { connection } = this.session.subscriber;
    // Messages after the Close frame have no effect.
    if (!connection.isOpen) return;
    const request = data.length <= this.options.maxBytes ? parsed(data) : undefined;
    if (request === undefined) return;
    if (connection.unsentBytes > MAX_UNSENT)
      return connection.close(POLICY_VIOLATION, 'answers to requests are not read');
    const cost = 1 + Math.floor((this.own?.bytes ?? 0) / OCTETS_PER_REQUEST);
    if (!this.allowance.take(cost, performance.now()))
      return this.refuse(
        request.id,
        'CONTROL_RATE',
        `at most ${REQUESTS_PER_SECOND} requests per second are accepted, fewer while the filter is large`,
      );
    if (this.waiting >= MAX_WAITING)
      return this.refuse(
        request.id,
        'CONTROL_BUSY',
        'earlier requests are not done yet; wait for their answers',
      );
    this.waiting++;
    this.last = this.last.then(() => this.handle(request)).finally(() => this.waiting--);
  }

  private async handle(request: ControlRequest): Promise<void> {
    const { id } = request;
    try {
      await this.perform(operationOf(request), request);
    } catch (error) {
      if (error instanceof FilterError || error instanceof ControlError)
        this.refuse(id, error.code, error.message);
      else {
        this.options.onDefect(error);
        this.refuse(
          id,
          'CONTROL_FAILED',
          'the request could not be carried out; the log of the server says why',
        );
      }
    }
  }

  private async perform(op: Operation, request: ControlRequest): Promise<void> {
    const { session } = this;
    if (op === 'status') return this.sendStatus(request.id);
    if (op === 'pause') session.pause();
    else if (op === 'resume') session.resume();
    else await this.changeFilter(op, request);
    const message: SubscribedMessage = { message_type: 'subscribed', data: this.stateOf(request.id) };
    session.subscriber.sendMessage(message);
  }

  private async changeFilter(op: 'subscribe' | 'add' | 'remove', request: ControlRequest): Promise<void> {
    const { subscriber } = this.session;
    const { bounds } = this.options;
    const unique = uniqueOf(request) ?? (op === 'subscribe' ? false : subscriber.selection.unique);
    const terms =
      request.filter == null ? undefined : await this.run(filterFromJsonSteps(request.filter, bounds));
    let filter = terms;
    if (op === 'add' && this.own !== undefined)
      filter = terms === undefined ? this.own : await this.run(withTermsSteps(this.own, terms, bounds));
    if (op === 'remove')
      filter = terms === undefined ? this.own : await this.run(withoutTermsSteps(this.own, terms));
    await this.session.select(both(filter, subscriber.options.within), unique);
    this.own = filter;
  }

  /** Does the work of a large filter in many turns of the event loop, so that it does not delay messages. */
  private async run<T>(steps: Steps<T>): Promise<T> {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return step.value;
      await this.options.turn();
    }
  }

  private stateOf(id: unknown): SubscribedData {
    const { session, own } = this;
    session.flush();
    return {
      ...(id !== undefined && { id }),
      filter: own?.fields ?? null,
      unique: session.subscriber.selection.unique,
      paused: session.isPaused,
      cursor: session.cursor ?? null,
    };
  }

  private sendStatus(id: unknown): void {
    const { session, options } = this;
    const { stats, backlog, options: chosen } = session.subscriber;
    const message: StatusMessage = {
      message_type: 'status',
      data: {
        ...this.stateOf(id),
        replaying: session.isReplaying,
        sent: stats.messages,
        skipped: stats.dropped,
        queued: backlog,
        stream: options.stream,
        format: chosen.dialect,
        slow: chosen.slow,
      },
    };
    session.subscriber.sendMessage(message);
  }

  private refuse(id: unknown, code: string, message: string): void {
    const data = { ...(id !== undefined && { id }), code, message };
    const answer: ErrorMessage = { message_type: 'error', data };
    this.session.subscriber.sendMessage(answer);
  }
}

function parsed(data: Buffer): ControlRequest | undefined {
  if (!startsObject(data)) return undefined;
  try {
    const value = parseBoundedJson(data, { maxStructure: MAX_STRUCTURE });
    const isRequest =
      typeof value === 'object' && value !== null && typeof (value as { op?: unknown }).op === 'string';
    return isRequest ? boundedId(value as ControlRequest) : undefined;
  } catch {
    return undefined;
  }
}

/** A filter with the most terms in three fields has fewer values. */
const MAX_STRUCTURE = 400_000;
/** Longest `id` that is sent back, as JSON. */
const MAX_ID = 256;

function boundedId(request: ControlRequest): ControlRequest {
  const { id, ...others } = request;
  return (JSON.stringify(id)?.length ?? 0) <= MAX_ID ? request : others;
}

function startsObject(data: Buffer): boolean {
  let at = 0;
  while (at < data.length && data[at] <= 0x20) at++;
  return data[at] === 0x7b;
}

function operationOf({ op }: ControlRequest): Operation {
  const known = OPERATIONS.find((operation) => operation === op);
  if (known !== undefined) return known;
  throw new ControlError('CONTROL_OPERATION', `unknown op; use one of ${OPERATIONS.join(', ')}`);
}

function uniqueOf({ unique }: ControlRequest): boolean | undefined {
  if (unique === undefined || typeof unique === 'boolean') return unique;
  throw new ControlError('CONTROL_VALUE', 'unique must be true or false');
}
