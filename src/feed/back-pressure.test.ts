import { describe, expect, it } from 'vitest';
import { BackPressure } from './back-pressure.js';

describe(BackPressure.name, () => {
  it('does not make publishers wait without a holder', () => {
    const pressure = new BackPressure();
    expect(pressure.ready()).toBeUndefined();
    pressure.hold(pressure);
    expect(pressure.ready(AbortSignal.abort())).toBeUndefined();
    pressure.release(pressure);
    expect(pressure.ready()).toBeUndefined();
  });

  it('makes publishers wait for the last of several holders', async () => {
    const pressure = new BackPressure();
    const holders = [{}, {}];
    for (const holder of [...holders, ...holders]) pressure.hold(holder);
    let released = 0;
    const waiting = pressure.ready()!.then(() => expect(released).toBe(2));
    for (const holder of holders) {
      await Promise.resolve();
      released++;
      pressure.release(holder);
    }
    await waiting;
    expect(pressure.heldMs).toBeGreaterThan(0);
  });

  it('lets a reader ignore one of the holders', async () => {
    const pressure = new BackPressure();
    const [own, client] = [{}, {}];
    pressure.hold(own);
    expect(pressure.ready(undefined, own)).toBeUndefined();
    pressure.hold(client);
    const [reader, publisher] = [pressure.ready(undefined, own), pressure.ready()];
    let isPublisherWoken = false;
    void publisher!.then(() => (isPublisherWoken = true));
    pressure.release(client);
    await reader;
    expect(isPublisherWoken).toBe(false);
    pressure.release(own);
    await publisher;
  });

  it('wakes publishers one after the other, so that the second sees the changes of the first', async () => {
    const pressure = new BackPressure();
    const published: string[] = [];
    const publish = async (name: string): Promise<void> => {
      for (let wait; (wait = pressure.ready()) !== undefined;) await wait;
      published.push(name);
      pressure.hold(published);
    };
    pressure.hold(published);
    const first = publish('first');
    const second = publish('second');
    pressure.release(published);
    await first;
    expect(published).toEqual(['first']);
    pressure.release(published);
    await second;
    expect(published).toEqual(['first', 'second']);
  });

  it('does not make a publisher wait after its signal is aborted', async () => {
    const pressure = new BackPressure();
    const stop = new AbortController();
    pressure.hold(pressure);
    const waiting = pressure.ready(stop.signal);
    stop.abort();
    await waiting;
    expect(pressure.ready(stop.signal)).toBeUndefined();
  });
});
