import { describe, expect, it } from 'vitest';
import { memoryJournal } from '../../../test/support/feed.js';
import { streamSection } from '../../config/sections/stream.js';
import { newestCursor, oldestCursor } from '../../feed/cursor.js';
import {
  type StreamOptions,
  streamOptions,
  type StreamOptionsSource,
  StreamRequestError,
} from './stream-options.js';

const journal = memoryJournal();
const { filters } = streamSection.parse({});
const source = (stream: Partial<StreamOptionsSource['stream']> = {}): StreamOptionsSource => ({
  webserver: { format: 'go' },
  stream: { slow_client: 'drop', slow_client_choices: ['drop', 'close'], filters, ...stream },
  journal,
});
const optionsOf = (query: string, from = source()): StreamOptions =>
  streamOptions(new URLSearchParams(query), from);

/** Returns the mistake in a query. */
function mistakeIn(query: string, from = source()): StreamRequestError {
  try {
    optionsOf(query, from);
  } catch (error) {
    if (error instanceof StreamRequestError) return error;
    throw error;
  }
  throw new Error(`${query} was accepted`);
}

describe(streamOptions, () => {
  it('uses the configuration for a client without query parameters', () => {
    const expected = {
      dialect: 'go',
      enrich: false,
      slow: 'drop',
      events: false,
      hasCursors: false,
      unique: false,
    };
    for (const query of ['', 'other=1&slower=close']) expect(optionsOf(query)).toEqual(expected);
    expect(optionsOf('', source({ slow_client: 'close' }))).toMatchObject({ slow: 'close' });
  });

  it('uses the options of the client as far as they are allowed', () => {
    expect(optionsOf('slow=close&events=1&format=calidog&unique=1&limit=5')).toEqual({
      dialect: 'calidog',
      enrich: false,
      slow: 'close',
      events: true,
      hasCursors: true,
      unique: true,
      limit: 5,
    });
    const onlyBlock = source({ slow_client: 'block', slow_client_choices: [] });
    expect(optionsOf('slow=block&events=0', onlyBlock)).toMatchObject({ slow: 'block' });
    expect(mistakeIn('slow=drop', onlyBlock).message).toBe('slow must be one of block');
  });

  it.each([
    ['slow=block', 'slow must be one of drop, close'],
    ['slow=', 'slow must be one of drop, close'],
    ['slow=drop&slow=close', 'slow must be one of drop, close'],
    ['events=yes', 'events must be 0 or 1'],
    ['events=1&events=1', 'events must be 0 or 1'],
    ['unique=true', 'unique must be 0 or 1'],
    ['format=x', 'unknown format; use ?format=go or ?format=calidog'],
    ['limit=0', 'limit must be a number from 1 to 1000000000'],
    ['sample=0', 'sample must be a number from 1 to 10000'],
    ['sample=10001', 'sample must be a number from 1 to 10000'],
    ['sample=1&sample=2', 'sample must be a number from 1 to 10000'],
    ['limit=-1', 'limit must be a number from 1 to 1000000000'],
    ['limit=1e3', 'limit must be a number from 1 to 1000000000'],
    ['domain=a.com,,b.com', '`domain` contains an empty term'],
  ])('refuses %s', (query, message) => expect(mistakeIn(query).message).toBe(message));

  it.each(['fromat=go', 'domian=example.com', 'sinc=-1h', 'event=1'])('refuses the misspelt %s', (query) => {
    expect(mistakeIn(query).code).toBe('FILTER_UNKNOWN_PARAMETER');
  });

  it('reads a filter', () => {
    expect(optionsOf('domain=Example.com.&type=precert').filter?.fields).toEqual({
      domain: ['example.com'],
      type: ['precert'],
    });
    expect(optionsOf('domain=').filter).toBeUndefined();
  });

  it('restricts the filter of a client to that of its access token', () => {
    const within = optionsOf('domain=example.com').filter!;
    expect(optionsOf('', { ...source(), within }).filter).toBe(within);
    const both = optionsOf('keyword=login', { ...source(), within });
    expect(both.filter?.within?.key).toBe(within.key);
    expect(both.own?.fields).toEqual({ keyword: ['login'] });
  });

  it.each([
    ['2026-01-31T12:00:00Z', Date.UTC(2026, 0, 31, 12)],
    ['2026-01-31T12:00:00.250+02:00', Date.UTC(2026, 0, 31, 10, 0, 0, 250)],
    ['2026-01-31T12:00:00 02:00', Date.UTC(2026, 0, 31, 10)],
    ['1769860800', 1_769_860_800_000],
    ['1769860800.5', 1_769_860_800_500],
    ['0', 0],
  ])('reads since=%s', (since, time) => {
    const { since: start, hasCursors } = optionsOf(new URLSearchParams({ since }).toString());
    expect(start).toEqual({ time });
    expect(hasCursors).toBe(true);
  });

  it.each([
    ['-90s', 90],
    ['-1.5m', 90],
    ['-2h', 7200],
  ])('reads since=%s before now', (since, seconds) => {
    const before = Date.now();
    const { time } = optionsOf(`since=${since}`).since as { time: number };
    expect(time).toBeGreaterThanOrEqual(before - seconds * 1000);
    expect(time).toBeLessThanOrEqual(Date.now() - seconds * 1000);
  });

  it('reads a cursor', () => {
    expect(optionsOf(`since=${newestCursor(journal)}`).since).toEqual({ seq: journal.newest + 1, index: 0 });
  });

  it.each(['yesterday', '2026-01-31', '2026-13-31T12:00:00Z', '-5d', '1e9', 'a.1.1.0', '%00'])(
    'refuses since=%s and names the oldest cursor',
    (since) => {
      const { code, oldest } = mistakeIn(`since=${since}`);
      expect({ code, oldest }).toEqual({ code: 'STREAM_SINCE', oldest: oldestCursor(journal) });
    },
  );

  it('lets Last-Event-ID replace since in the query, which may be out of date', () => {
    const resume = (lastEventId: string, query = '') =>
      streamOptions(new URLSearchParams(query), { ...source(), lastEventId }, true);
    const oldest = { seq: journal.oldest, index: 0 };
    expect(resume(newestCursor(journal), 'since=nonsense')).toMatchObject({
      since: { seq: journal.newest + 1, index: 0 },
      unknownId: undefined,
      events: true,
      hasCursors: true,
    });
    for (const id of ['nonsense', '17', '-5m', 'other.1.1.0'])
      expect(resume(id, 'since=nonsense')).toMatchObject({ since: oldest, unknownId: id });
    expect(resume('')).toMatchObject({ since: undefined, unknownId: undefined });
  });
});
