import { expect, it } from 'vitest';
import { labelledClients, MAX_CLIENT_LABELS } from './client-labels.js';

const clients = (count: number, dropped: (i: number) => number) => ({
  clients: new Set(
    Array.from({ length: count }, (_, i) => ({ address: `192.0.2.1:${i}`, stats: { dropped: dropped(i) } })),
  ),
});
const labelsOf = (...streams: object[]) => labelledClients(Object.fromEntries(streams.entries()) as never);

it('gives every client a label while there are few', () => {
  expect(
    labelsOf(
      clients(2, (i) => i),
      clients(0, () => 0),
    ),
  ).toEqual([
    { client: '192.0.2.1:1', value: 1 },
    { client: '192.0.2.1:0', value: 0 },
  ]);
});

it('prefers clients that missed messages and sums up the rest', () => {
  const slow = 3;
  const total = 2 * MAX_CLIENT_LABELS;
  const few = labelsOf(clients(total, (i) => (i >= total - slow ? 7 : 0)));
  expect(few).toHaveLength(MAX_CLIENT_LABELS + 1);
  expect(few.filter(({ value }) => value === 7)).toHaveLength(slow);
  expect(few.at(-1)).toEqual({ client: 'other', value: 0 });
  const many = labelsOf(
    clients(total, () => 1),
    clients(total, () => 2),
  );
  expect(many).toHaveLength(MAX_CLIENT_LABELS + 1);
  expect(many.reduce((sum, { value }) => sum + value, 0)).toBe(3 * total);
});
