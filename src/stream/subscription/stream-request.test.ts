import { describe, expect, it } from 'vitest';
import { requestedDialect, requestedOptions, type StreamOptionsConfig } from './stream-request.js';

const config = (stream: Partial<StreamOptionsConfig['stream']> = {}): StreamOptionsConfig => ({
  webserver: { format: 'go' },
  stream: { slow_client: 'drop', slow_client_choices: ['drop', 'close'], ...stream },
});

describe(requestedOptions, () => {
  it('uses the configuration for a client without query parameters', () => {
    const expected = { dialect: 'go', slow: 'drop', events: false };
    for (const url of ['/', '/?', '/?other=1&slower=close', undefined])
      expect(requestedOptions({ url }, config())).toEqual(expected);
    expect(requestedOptions({ url: '/' }, config({ slow_client: 'close' }))).toMatchObject({ slow: 'close' });
  });

  it('uses the options of the client as far as they are allowed', () => {
    expect(requestedOptions({ url: '/?slow=close&events=1&format=calidog' }, config())).toEqual({
      dialect: 'calidog',
      slow: 'close',
      events: true,
    });
    const onlyBlock = config({ slow_client: 'block', slow_client_choices: [] });
    expect(requestedOptions({ url: '/?slow=block&events=0' }, onlyBlock)).toMatchObject({ slow: 'block' });
    expect(requestedOptions({ url: '/?slow=drop' }, onlyBlock)).toBe('slow must be one of block');
  });

  it.each([
    ['/?slow=block', 'slow must be one of drop, close'],
    ['/?slow=', 'slow must be one of drop, close'],
    ['/?slow=drop&slow=close', 'slow must be one of drop, close'],
    ['/?events=yes', 'events must be 0 or 1'],
    ['/?events=1&events=1', 'events must be 0 or 1'],
    ['/?format=x', 'unknown format; use ?format=go or ?format=calidog'],
  ])('refuses %s', (url, problem) => expect(requestedOptions({ url }, config())).toBe(problem));
});

describe(requestedDialect, () => {
  it.each([
    ['/', 'go'],
    ['/?', 'go'],
    ['/?format=calidog', 'calidog'],
    ['/full-stream/?a=b&format=calidog&c', 'calidog'],
    ['http://host/?format=calidog#format=x', 'calidog'],
    ['/?format=%63alidog', 'calidog'],
    ['/format=calidog', 'go'],
    ['/?Format=calidog', 'go'],
    ['/?format=', undefined],
    ['/?format=CaliDog', undefined],
    ['/?format=elixir', undefined],
    ['/?format=go&format=calidog', undefined],
    ['/?format=constructor', undefined],
    ['/?format=%ff', undefined],
  ])('reads %s as %s', (url, dialect) => {
    expect(requestedDialect({ url }, 'go')).toBe(dialect);
  });

  it('falls back to the configured dialect', () => {
    expect(requestedDialect({ url: '/' }, 'calidog')).toBe('calidog');
    expect(requestedDialect({}, 'calidog')).toBe('calidog');
    expect(requestedDialect({ url: '/?format=go' }, 'calidog')).toBe('go');
  });
});
