import { randomBytes } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, type SubscriptionOptions } from '@nats-io/transport-node';
import { onTestFinished } from 'vitest';
import { BackPressure } from '../../src/feed/back-pressure.js';
import type { JournaledEntries, JournalPlace, LiveListener } from '../../src/feed/journal/entry-journal.js';
import { JetStreamJournal } from '../../src/feed/journal/jetstream/jetstream-journal.js';
import type { StreamConnection, StreamSettings } from '../../src/feed/journal/jetstream/stream-connection.js';
import { describeRead, testBatch } from '../../src/feed/journal/testing/journal-batches.js';
import type { NatsServer } from './brokers/nats-server.js';

export const LOG = { url: 'https://log.example', key: 'log.example' };

/** A member of a cluster, as far as the journal knows it. */
export interface TestMember {
  readonly journal: JetStreamJournal;
  readonly pressure: BackPressure;
  /** The live records and gaps as texts, `own` first for records of this member. */
  readonly got: string[];
  /** Prepares the journal for a log. @returns where the log ends in the stream. */
  open(
    log: { readonly url: string; readonly key: string },
    next: number | undefined,
  ): Promise<number | undefined>;
  /** The same. @returns what the stream holds of the log. */
  join(
    log: { readonly url: string; readonly key: string },
    next: number | undefined,
    known?: JournalPlace,
  ): Promise<JournaledEntries | undefined>;
  /** URLs of fenced logs. */
  readonly fenced: string[];
  readonly lines: string[];
  /** Whether it owns its logs. */
  ownership: boolean;
  /** Whether the answers to its publishes are lost. */
  losesAnswers: boolean;
  /** Called after each live record. */
  onGot: () => void;
}

export type MemberOptions = Partial<StreamSettings> & {
  readonly isLive?: boolean;
  readonly losesAnswers?: boolean;
};

/** Connects as a cluster does, until the end of the test. */
export async function connectTo(server: NatsServer): Promise<StreamConnection> {
  const nats: NatsConnection = await connect({
    servers: server.address,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    ignoreClusterUpdates: true,
  });
  onTestFinished(() => nats.close());
  return { nats, jetstream: jetstream(nats), manager: await jetstreamManager(nats, { checkAPI: false }) };
}

/** Returns a connection that loses answers to publishes while `isLossy` returns true. */
function forgetful(connection: StreamConnection, isLossy: () => boolean): StreamConnection {
  const { nats } = connection;
  const subscribe = (subject: string, options: SubscriptionOptions): unknown =>
    nats.subscribe(subject, {
      ...options,
      callback: (error, message) => {
        if (!isLossy()) void options.callback?.(error, message);
      },
    });
  const lossy = new Proxy(nats, {
    get: (target, name) => {
      const value: unknown = name === 'subscribe' ? subscribe : Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { ...connection, nats: lossy };
}

/** Opens the journal of another member, until the end of the test. */
export async function join(server: NatsServer, options: MemberOptions = {}): Promise<TestMember> {
  const { isLive = true, losesAnswers = false, ...settings } = options;
  const pressure = new BackPressure();
  const [got, fenced, lines]: string[][] = [[], [], []];
  const member = {
    pressure,
    got,
    fenced,
    lines,
    ownership: true,
    losesAnswers,
    onGot: () => undefined as void,
  };
  const log = {
    log: (message: string) => void lines.push(message),
    warn: (message: string) => void lines.push(message),
  };
  const journal = await JetStreamJournal.open(
    forgetful(await connectTo(server), () => member.losesAnswers),
    {
      prefix: 'ct',
      replicas: 1,
      maxBytes: 64 * 2 ** 20,
      maxAgeMs: 3_600_000,
      owner: randomBytes(6).toString('hex'),
      inboxPrefix: '_INBOX',
      gatherMs: 20,
      renewalMs: 200,
      ...settings,
    },
    pressure,
    log,
  );
  onTestFinished(() => journal.close());
  const add = (text: string): void => {
    got.push(text);
    member.onGot();
  };
  const listener: LiveListener = {
    record: (record, isOwn) => add(`${isOwn ? 'own ' : ''}${describeRead(record)}`),
    unavailable: ({ source, from, to }) =>
      add(`unavailable ${source.url.slice('https://'.length)} ${from}-${to - 1}`),
    gap: (gap) => add(describeRead(gap)),
    replaced: () => add('replaced'),
  };
  if (isLive) journal.live(listener);
  const opened: TestMember = Object.assign(member, {
    journal,
    open: async (followed: typeof LOG, next: number | undefined) => (await opened.join(followed, next))?.end,
    join: (followed: typeof LOG, next: number | undefined, known?: JournalPlace) =>
      journal.open(
        { ...followed, isOwned: () => opened.ownership, onFenced: () => void fenced.push(followed.url) },
        next,
        known,
      ),
  });
  return opened;
}

/** Resolves when the texts of a member fulfil a condition. */
export async function until(member: TestMember, isMet: (got: readonly string[]) => boolean): Promise<void> {
  while (!isMet(member.got)) await new Promise<void>((resolve) => (member.onGot = resolve));
}

/** Appends entries of a log and waits until they are stored. */
export async function store(
  { journal }: TestMember,
  firstIndex: number,
  count = 2,
  octets = 100,
  url = LOG.url,
): Promise<void> {
  journal.append(testBatch(firstIndex, count, octets, url), 'next');
  await journal.durable();
}

/** Returns all indices in live texts, of one log. */
export function indicesIn(got: readonly string[]): number[] {
  return got.flatMap((text) => {
    const [, from, to] = /log.example (\d+)-(\d+)/.exec(text) ?? [];
    return from === undefined
      ? []
      : Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i);
  });
}
