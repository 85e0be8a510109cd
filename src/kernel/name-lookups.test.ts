import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { NameLookups } from './name-lookups.js';

interface Question {
  readonly name: string;
  answer(...addresses: string[]): void;
  fail(): void;
}

/** Look-ups that the operating system has been asked for and has not answered. */
let asked: Question[];
/** Answers of the name servers; other names do not exist. */
let known: Map<string, string[]>;
let names: NameLookups;

beforeEach(() => {
  asked = [];
  known = new Map();
  names = new NameLookups({
    lookup: (name) =>
      new Promise((resolve, reject) => {
        const ended = (): void => void asked.splice(asked.indexOf(question), 1);
        const question = {
          name,
          answer: (...addresses: string[]) => (ended(), resolve(addresses)),
          fail: () => (ended(), reject(new Error(`getaddrinfo ENOTFOUND ${name}`))),
        };
        asked.push(question);
      }),
    query: (name) => Promise.resolve(known.get(name) ?? []),
  });
});

const namesAsked = () => asked.map(({ name }) => name);

/** Lets a look-up hang for so long that the name counts as one that hangs. */
async function hang(name: string): Promise<void> {
  known.set('patience.example', ['192.0.2.9']);
  const hanging = names.answered(name, 60_000);
  await names.addresses('patience.example');
  asked.find((one) => one.name === name)!.fail();
  await expect(hanging).rejects.toThrow('ENOTFOUND');
  await nextTurn();
  asked.find((one) => one.name === 'patience.example')!.answer('192.0.2.9');
  await nextTurn();
}

describe(NameLookups.name, () => {
  it('asks the operating system for one name at a time, and once for many connections to it', async () => {
    const first = [names.addresses('a.example'), names.addresses('a.example')];
    const second = names.answered('b.example', 60_000);
    await nextTurn();
    expect(namesAsked()).toEqual(['a.example']);
    asked[0].answer('192.0.2.1', '2001:db8::1');
    expect(await Promise.all(first)).toEqual([
      ['192.0.2.1', '2001:db8::1'],
      ['192.0.2.1', '2001:db8::1'],
    ]);
    await nextTurn();
    expect(namesAsked()).toEqual(['b.example']);
    asked[0].answer('192.0.2.2');
    await second;
    // Nothing is kept: the host may have moved.
    void names.addresses('a.example');
    expect(namesAsked()).toEqual(['a.example']);
  });

  it('takes the answer of the name servers while the operating system hangs', async () => {
    known.set('a.example', ['192.0.2.1']);
    known.set('b.example', ['192.0.2.2']);
    const found = [names.addresses('a.example'), names.addresses('b.example')];
    expect(await Promise.all(found)).toEqual([['192.0.2.1'], ['192.0.2.2']]);
    expect(namesAsked()).toEqual(['a.example']);
  });

  it('rejects with the error of the operating system', async () => {
    const found = names.addresses('none.example');
    const answered = names.answered('none.example', 60_000);
    asked[0].fail();
    await expect(found).rejects.toThrow('ENOTFOUND none.example');
    await expect(answered).rejects.toThrow('ENOTFOUND none.example');
  });

  it('does not wait for a name longer than it may, and not at all for an address', async () => {
    await names.answered('192.0.2.1', 60_000);
    await names.answered('2001:db8::1', 60_000);
    expect(asked).toEqual([]);
    await expect(names.answered('a.example', 10)).rejects.toThrow(
      'the name a.example is not resolved in time',
    );
    await expect(names.answered('a.example', 10)).rejects.toThrow('in time');
    expect(namesAsked()).toEqual(['a.example']);
  });

  it('asks for names that hung after all others', async () => {
    await hang('hangs.example');
    const order: string[] = [];
    const busy = names.addresses('busy.example');
    const all = ['hangs.example', 'a.example', 'b.example'].map((name) =>
      names.addresses(name).then(() => order.push(name)),
    );
    asked[0].answer('192.0.2.1');
    await busy;
    for (let i = 0; i < all.length; i++) {
      await nextTurn();
      asked[0].answer('192.0.2.1');
    }
    await Promise.all(all);
    expect(order).toEqual(['a.example', 'b.example', 'hangs.example']);
  });
});
