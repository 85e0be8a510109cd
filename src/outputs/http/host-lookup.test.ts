import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NameLookups } from '../../kernel/name-lookups.js';
import { hostLookup, requirePublic } from './host-lookup.js';
import { HttpPoster } from './http-poster.js';

/** Answers each look-up with the next addresses. */
function system(...answers: readonly (readonly string[])[]): NameLookups {
  let next = 0;
  const lookup = () => Promise.resolve([...answers[Math.min(next++, answers.length - 1)]]);
  return new NameLookups({ lookup, query: () => Promise.resolve([]) });
}

function ask(lookup: ReturnType<typeof hostLookup>, host: string, options = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    lookup(host, options, (error, address) => {
      if (error === null) resolve(address);
      else reject(error);
    });
  });
}

describe(hostLookup, () => {
  it('returns one address or all, of the family that is asked for', async () => {
    const lookup = hostLookup(undefined, system(['192.0.2.1', '2001:db8::1']));
    expect(await ask(lookup, 'a')).toBe('192.0.2.1');
    expect(await ask(lookup, 'a', { family: 6 })).toBe('2001:db8::1');
    expect(await ask(lookup, 'a', { all: true })).toHaveLength(2);
    await expect(ask(hostLookup(undefined, system(['192.0.2.1'])), 'a', { family: 6 })).rejects.toThrow(
      'no address',
    );
  });

  it('refuses a name if one of its addresses is not public', async () => {
    const lookup = hostLookup(requirePublic, system(['8.8.8.8'], ['8.8.8.8', '::ffff:10.0.0.1']));
    expect(await ask(lookup, 'a.example')).toBe('8.8.8.8');
    await expect(ask(lookup, 'a.example')).rejects.toMatchObject({
      code: 'OUTPUT_PRIVATE_ADDRESS',
      message: expect.stringMatching(/^a\.example leads to ::ffff:10\.0\.0\.1, which is a private/) as string,
    });
  });

  it('refuses at connect time a name that has changed since the last connection', async () => {
    let connections = 0;
    const server = createServer(() => connections++).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect({
      host: 'moved.example',
      port,
      lookup: hostLookup(requirePublic, system(['127.0.0.1'])),
    });
    const [error] = (await once(socket, 'error').catch((reason: unknown) => [reason])) as [Error];
    expect(error.message).toContain('moved.example leads to 127.0.0.1');
    expect(connections).toBe(0);
  });
});

describe(HttpPoster, () => {
  it('ends a request whose name is never resolved when its signal is aborted', async () => {
    const lookup = hostLookup(undefined, { addresses: () => new Promise(() => undefined) });
    const poster = new HttpPoster({ url: new URL('http://never.example/'), lookup });
    const abort = new AbortController();
    const posted = poster.post(Buffer.from('x'), {}, abort.signal);
    abort.abort(new Error('too late'));
    await expect(posted).rejects.toThrow('too late');
    poster.close();
  });
});
