import { describe, expect, it } from 'vitest';
import { readRoute, writeRoute } from './route.js';

describe(readRoute, () => {
  it.each([
    ['', { page: 'live', filter: '', unique: false }],
    ['#/logs', { page: 'logs', filter: '', unique: false }],
    ['#/nothing', { page: 'live', filter: '', unique: false }],
    ['#/live?filter=domain%3Da.example&unique=1', { page: 'live', filter: 'domain=a.example', unique: true }],
  ])('reads %j', (hash, route) => {
    expect(readRoute(hash)).toEqual(route);
  });

  it('reads what writeRoute writes', () => {
    const route = { page: 'live', filter: 'issuer="a & b" 100% +1 #?', unique: true } as const;
    expect(readRoute(writeRoute(route))).toEqual(route);
  });
});
