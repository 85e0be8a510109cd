import { describe, expect, it } from 'vitest';
import type { DashboardLog } from '../../../src/dashboard/dashboard-data.js';
import { nextOrder, type Order, sortedLogs } from './sort-logs.js';

function log(name: string, members: Partial<DashboardLog> = {}): DashboardLog {
  return {
    name,
    url: `https://log.example/${name}`,
    operator: 'Operator',
    type: 'rfc6962',
    state: 'following',
    verdict: { level: 'good', code: 'keeping_up', text: 'keeping up' },
    tree_size: 100,
    streamed_index: 100,
    verified_index: 100,
    lag: 0,
    rates: { growth: 1, delivery: 1 },
    catch_up_seconds: null,
    head_ms: 0,
    last_entry_ms: 0,
    verification: 'verified',
    missing_entries: 0,
    last_error: null,
    member: null,
    ...members,
  };
}

const names = (logs: readonly DashboardLog[], order: Order) =>
  sortedLogs(logs, order).map(({ name }) => name);

describe(sortedLogs, () => {
  it('sorts names without regard to case', () => {
    const logs = [log('b'), log('C'), log('a')];
    expect(names(logs, { column: 'name', isDescending: false })).toEqual(['a', 'b', 'C']);
    expect(names(logs, { column: 'name', isDescending: true })).toEqual(['C', 'b', 'a']);
  });

  it('sorts verdicts by their level, and equal ones by name', () => {
    const bad = { level: 'bad', code: 'broken', text: 'forked' } as const;
    const busy = { level: 'busy', code: 'catching_up', text: 'catching up' } as const;
    const logs = [log('b'), log('z', { verdict: bad }), log('a'), log('k', { verdict: busy })];
    expect(names(logs, { column: 'verdict', isDescending: true })).toEqual(['z', 'k', 'a', 'b']);
  });

  it('puts unknown values last in both orders', () => {
    const logs = [
      log('unknown', { streamed_index: null }),
      log('low', { streamed_index: 1 }),
      log('high', { streamed_index: 9 }),
    ];
    expect(names(logs, { column: 'index', isDescending: true })).toEqual(['high', 'low', 'unknown']);
    expect(names(logs, { column: 'index', isDescending: false })).toEqual(['low', 'high', 'unknown']);
  });

  it('sorts the members of a cluster by their names, A first', () => {
    const logs = [log('x', { member: 'two' }), log('y', { member: 'One' }), log('z')];
    const order = nextOrder({ column: 'lag', isDescending: true }, 'member');
    expect(names(logs, order)).toEqual(['y', 'x', 'z']);
  });

  it('does not change its argument', () => {
    const logs = [log('b'), log('a')];
    sortedLogs(logs, { column: 'name', isDescending: false });
    expect(logs[0].name).toBe('b');
  });
});

describe(nextOrder, () => {
  it('turns the order of the same column, and begins a new one with what people look for', () => {
    expect(nextOrder({ column: 'name', isDescending: false }, 'name')).toEqual({
      column: 'name',
      isDescending: true,
    });
    expect(nextOrder({ column: 'name', isDescending: false }, 'lag')).toEqual({
      column: 'lag',
      isDescending: true,
    });
    expect(nextOrder({ column: 'lag', isDescending: false }, 'name')).toEqual({
      column: 'name',
      isDescending: false,
    });
  });
});
