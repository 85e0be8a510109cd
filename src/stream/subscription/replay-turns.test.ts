import { describe, expect, it } from 'vitest';
import { ReplayTurns } from './replay-turns.js';

describe(ReplayTurns.name, () => {
  it('lets one caller work in each turn of the event loop, in order', async () => {
    const turns = new ReplayTurns();
    const done: number[] = [];
    const perTurn: number[] = [];
    const all = Promise.all([1, 2, 3].map((n) => turns.take().then(() => done.push(n))));
    while (done.length < 3) {
      await new Promise((resolve) => setImmediate(resolve));
      perTurn.push(done.length);
    }
    await all;
    expect(done).toEqual([1, 2, 3]);
    for (let i = 0; i < perTurn.length; i++) expect(perTurn[i] - (perTurn[i - 1] ?? 0)).toBeLessThan(2);
  });

  it('continues after a quiet time', async () => {
    const turns = new ReplayTurns();
    await turns.take();
    await expect(turns.take()).resolves.toBeUndefined();
  });
});
