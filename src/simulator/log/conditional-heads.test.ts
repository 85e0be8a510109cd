import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CtLogSimulator } from '../ct-log-simulator.js';
import type { SimulatedLog } from '../simulated-log.js';

let simulator: CtLogSimulator;
beforeAll(async () => (simulator = await CtLogSimulator.start({ certificates: 5 })));
afterAll(() => simulator.close());

const ask = (log: SimulatedLog, path: string, headers = {}) => fetch(log.url + path, { headers });

describe.each(['ct/v1/get-sth', 'checkpoint'])('%s', (path) => {
  it('answers 304 without a body to a client with the current head, and counts it', async () => {
    const log = simulator.addLog({ name: `both-${path.at(-1)}`, protocol: 'hybrid', initialEntries: 1 });
    const first = await ask(log, path);
    const etag = first.headers.get('etag')!;
    const modified = first.headers.get('last-modified')!;
    expect(Date.parse(modified)).toBe(log.head.timestamp - (log.head.timestamp % 1000));
    const conditions = [
      { 'If-None-Match': etag },
      { 'If-None-Match': `"other", W/${etag}` },
      { 'If-Modified-Since': modified },
    ];
    for (const headers of conditions) {
      const again = await ask(log, path, headers);
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
    expect(log.requests.countStatus(304)).toBe(3);
    const other = await ask(log, path, { 'If-None-Match': '"other"', 'If-Modified-Since': modified });
    expect(other.status).toBe(200);
    log.append(1);
    log.publish(Date.now() + 2000);
    for (const headers of conditions) expect((await ask(log, path, headers)).status).toBe(200);
  });

  it('sends only the validators of its option', async () => {
    const validators = async (headValidators: 'etag' | 'last-modified' | 'none') => {
      const log = simulator.addLog({
        name: `${headValidators}-${path.at(-1)}`,
        protocol: 'hybrid',
        headValidators,
      });
      const { headers } = await ask(log, path);
      return [headers.has('etag'), headers.has('last-modified')];
    };
    expect(await validators('etag')).toEqual([true, false]);
    expect(await validators('last-modified')).toEqual([false, true]);
    expect(await validators('none')).toEqual([false, false]);
  });
});
