import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.js';
import type { NameSystem } from '../kernel/name-system.js';
import { inHostsFile } from '../kernel/name-system.js';
import { NameResolver } from './name-resolver.js';

type Answer = string[] | string | undefined;

/** Operating system and name servers of a test. An answer is a list of addresses, an error code, or undefined for silence. */
class ScriptedSystem implements NameSystem {
  readonly lookups: string[] = [];
  readonly queries: string[] = [];
  readonly pending = new Map<string, (answer: Answer) => void>();
  answers: Record<string, Answer> = {};
  served: Record<string, Answer> = {};

  lookup(name: string): Promise<string[]> {
    this.lookups.push(name);
    return this.answer(this.answers[name], name);
  }

  query(name: string): Promise<string[]> {
    this.queries.push(name);
    return this.answer(this.served[name] ?? 'ENOTFOUND');
  }

  private answer(answer: Answer, name?: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const end = (found: Answer): void => {
        if (typeof found === 'string')
          reject(Object.assign(new Error(`getaddrinfo ${found}`), { code: found }));
        else if (found !== undefined) resolve(found);
      };
      if (answer !== undefined) end(answer);
      else if (name !== undefined) this.pending.set(name, end);
    });
  }
}

let system: ScriptedSystem;
let clock: VirtualClock;
let resolver: NameResolver;

beforeEach(() => {
  system = new ScriptedSystem();
  clock = new VirtualClock();
  resolver = new NameResolver(system, clock);
});

/** The current result of {@link NameResolver.resolve}. */
async function resolved(name: string): Promise<unknown> {
  let result: unknown = 'waiting';
  void resolver.resolve(name).then(
    (addresses) => (result = addresses),
    (error: Error) => (result = error.message),
  );
  await clock.runUntil(clock.time);
  return result;
}

/** Ends the look-up that hangs. */
async function answered(name: string, addresses: string[]): Promise<void> {
  system.pending.get(name)?.(addresses);
  await clock.runUntil(clock.time);
}

describe('NameResolver', () => {
  it('does not look up addresses and localhost', async () => {
    for (const address of ['192.0.2.1', '2001:db8::1']) expect(await resolved(address)).toEqual([address]);
    for (const name of ['localhost', 'log.localhost'])
      expect(await resolved(name)).toEqual(['127.0.0.1', '::1']);
    expect(system.lookups).toEqual([]);
  });

  it('keeps an answer for a minute, and looks a name up once for all callers', async () => {
    const both = Promise.all([resolver.resolve('log.example'), resolver.resolve('log.example')]);
    await clock.runUntil(100);
    await answered('log.example', ['192.0.2.1', '2001:db8::1', '192.0.2.1']);
    expect(await both).toEqual([
      ['192.0.2.1', '2001:db8::1'],
      ['192.0.2.1', '2001:db8::1'],
    ]);
    await clock.runUntil(60_000);
    expect(await resolved('log.example')).toHaveLength(2);
    expect(system.lookups).toHaveLength(1);
    await clock.runUntil(60_200);
    system.answers = { 'log.example': ['192.0.2.9'] };
    expect(await resolved('log.example')).toEqual(['192.0.2.9']);
  });

  it('uses the old answer at once while a new look-up hangs, and starts no second look-up', async () => {
    system.answers = { 'log.example': ['192.0.2.1'] };
    await resolved('log.example');
    await clock.runUntil(61_000);
    system.answers = {};
    let first: unknown;
    void resolver.resolve('log.example').then((addresses) => (first = addresses));
    await clock.runUntil(61_499);
    expect(first).toBeUndefined();
    await clock.runUntil(61_500);
    expect(first).toEqual(['192.0.2.1']);
    await clock.runUntil(23 * 3_600_000);
    expect(await resolved('log.example')).toEqual(['192.0.2.1']);
    expect(system.lookups).toHaveLength(2);
    await answered('log.example', ['192.0.2.2']);
    expect(await resolved('log.example')).toEqual(['192.0.2.2']);
  });

  it('uses the old answer for a day while look-ups fail, and a new answer as soon as it arrives', async () => {
    system.answers = { 'log.example': ['192.0.2.1'] };
    await resolved('log.example');
    system.answers = { 'log.example': 'ENOTFOUND' };
    for (const hour of [1, 5, 23]) {
      await clock.runUntil(hour * 3_600_000);
      expect(await resolved('log.example')).toEqual(['192.0.2.1']);
    }
    await clock.runUntil(25 * 3_600_000);
    expect(await resolved('log.example')).toBe('the name log.example does not resolve (ENOTFOUND)');
    system.answers = { 'log.example': ['192.0.2.2'] };
    await clock.runUntil(26 * 3_600_000);
    expect(await resolved('log.example')).toEqual(['192.0.2.2']);
  });

  it('queries the name servers while a look-up hangs, and later uses the answer of the look-up', async () => {
    system.served = { 'log.example': ['192.0.2.1'] };
    const first = resolver.resolve('log.example');
    await clock.runUntil(499);
    expect(system.queries).toEqual([]);
    await clock.runUntil(500);
    expect(await first).toEqual(['192.0.2.1']);
    system.served = { 'log.example': ['192.0.2.2'] };
    await clock.runUntil(61_000);
    expect(await resolved('log.example')).toEqual(['192.0.2.1']);
    expect(await resolved('log.example')).toEqual(['192.0.2.2']);
    await answered('log.example', ['10.0.0.1']);
    expect(await resolved('log.example')).toEqual(['10.0.0.1']);
    expect(system.lookups).toHaveLength(1);
  });

  it.each([
    ['ENOTFOUND', 'the name log.example does not resolve (ENOTFOUND)'],
    ['EAI_AGAIN', 'the resolver does not answer for log.example (EAI_AGAIN)'],
    [[], 'the name log.example does not resolve (no address)'],
  ])('does not look a name up again for at most 10 seconds after %j', async (answer, message) => {
    system.answers = { 'log.example': answer };
    for (let time = 0; time < 60_000; time += 100) {
      await clock.runUntil(time);
      expect(await resolved('log.example')).toBe(message);
    }
    expect(system.lookups.length).toBeGreaterThan(8);
    expect(system.lookups.length).toBeLessThan(15);
    system.answers = { 'log.example': ['192.0.2.1'] };
    await clock.runUntil(70_000);
    expect(await resolved('log.example')).toEqual(['192.0.2.1']);
  });

  it('looks up names that failed one at a time, and other names at once', async () => {
    const failing = Array.from({ length: 12 }, (_, i) => `hangs-${i}.example`);
    system.answers = Object.fromEntries(failing.map((name) => [name, 'EAI_AGAIN']));
    for (const name of failing) await resolved(name);
    await clock.runUntil(20_000);
    system.answers = { 'log.example': ['192.0.2.1'] };
    for (const name of failing) expect(await resolved(name)).toBe('waiting');
    expect(system.lookups.slice(12)).toEqual(['hangs-0.example']);
    expect(await resolved('log.example')).toEqual(['192.0.2.1']);
    await answered('hangs-0.example', ['192.0.2.2']);
    expect(await resolved('hangs-0.example')).toEqual(['192.0.2.2']);
    expect(system.lookups.slice(13)).toEqual(['log.example', 'hangs-1.example']);
  });

  it('looks up a name again when its addresses are in doubt, at most once a second', async () => {
    system.answers = { 'log.example': ['192.0.2.1'] };
    await resolved('log.example');
    system.answers = { 'log.example': ['192.0.2.2'] };
    resolver.doubt('log.example');
    expect(await resolved('log.example')).toEqual(['192.0.2.1']);
    await clock.runUntil(1000);
    resolver.doubt('log.example');
    expect(await resolved('log.example')).toEqual(['192.0.2.2']);
    resolver.doubt('192.0.2.1');
  });

  it('forgets names without a usable answer', async () => {
    system.answers = Object.fromEntries(
      Array.from({ length: 2000 }, (_, i) => [`${i}.example`, 'ENOTFOUND']),
    );
    for (const name of Object.keys(system.answers)) {
      await resolver.resolve(name).catch(() => undefined);
      clock.time += 100;
    }
    expect((resolver as unknown as { names: Map<string, unknown> }).names.size).toBeLessThan(600);
  });
});

describe('inHostsFile', () => {
  it('finds addresses by name and alias, ignoring case and comments', () => {
    const text =
      '127.0.0.1\tlocalhost\n# 192.0.2.9 log.example\n192.0.2.1 a.example Log.Example # log2.example\n2001:db8::1 log.example\r\n';
    expect(inHostsFile('LOG.example', text)).toEqual(['192.0.2.1', '2001:db8::1']);
    expect(inHostsFile('log2.example', text)).toEqual([]);
    expect(inHostsFile('log', text)).toEqual([]);
  });
});
