import type { DashboardLog } from '../../../src/dashboard/dashboard-data.js';

/** What the table of logs can be sorted by. */
export const COLUMNS = [
  'name',
  'verdict',
  'index',
  'size',
  'lag',
  'rate',
  'catch-up',
  'verified',
  'head',
  'member',
] as const;

export type Column = (typeof COLUMNS)[number];

export interface Order {
  readonly column: Column;
  readonly isDescending: boolean;
}

const LEVELS = { good: 0, busy: 1, bad: 2 } as const;

/** Returns the value of a column; null if it is not known. */
function valueOf(log: DashboardLog, column: Column): number | string | null {
  switch (column) {
    case 'name':
      return log.name.toLowerCase();
    case 'verdict':
      return LEVELS[log.verdict.level];
    case 'index':
      return log.streamed_index;
    case 'size':
      return log.tree_size;
    case 'lag':
      return log.lag;
    case 'rate':
      return log.rates.delivery;
    case 'catch-up':
      return log.catch_up_seconds;
    case 'verified':
      return log.verified_index;
    case 'head':
      return log.head_ms;
    case 'member':
      return log.member?.toLowerCase() ?? null;
  }
}

/** Returns the logs in an order. Logs without a value are last, and equal ones are in the order of their names. */
export function sortedLogs(logs: readonly DashboardLog[], { column, isDescending }: Order): DashboardLog[] {
  const direction = isDescending ? -1 : 1;
  return logs.toSorted((a, b) => {
    const [x, y] = [valueOf(a, column), valueOf(b, column)];
    if (x === null || y === null) return x === y ? byName(a, b) : x === null ? 1 : -1;
    if (x === y) return byName(a, b);
    return (x < y ? -1 : 1) * direction;
  });
}

function byName(a: DashboardLog, b: DashboardLog): number {
  const [x, y] = [`${a.name.toLowerCase()} ${a.url}`, `${b.name.toLowerCase()} ${b.url}`];
  return x === y ? 0 : x < y ? -1 : 1;
}

/** Returns the order after a click on a column: texts begin with A, figures with the largest. */
export function nextOrder(order: Order, column: Column): Order {
  if (order.column === column) return { column, isDescending: !order.isDescending };
  return { column, isDescending: column !== 'name' && column !== 'member' };
}
