import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../cluster/cluster.js';
import type { MemberInfo } from '../../cluster/member-info.js';
import { LogCounters } from '../reporting/log-counters.js';
import { LogStatus } from '../reporting/log-status.js';
import type { LogStateStore } from '../state/log-state-store.js';
import { LogReports } from './log-reports.js';
import type { FollowedLog, TailingService } from './tailing.service.js';

const member = (name: string): MemberInfo => ({
  id: `${name}0000000`,
  name,
  role: 'all',
  version: '1',
  startedAt: 0,
});

function followed(name: string, nextIndex: number): FollowedLog {
  return {
    log: {
      source: { name, url: `https://${name}.example`, operator: 'Example', type: 'rfc6962' },
      configured: true,
    },
    counters: new LogCounters(),
    status: Object.assign(new LogStatus(), { nextIndex, treeSize: 100 }),
  };
}

const gap = { from: 0, to: 2, missing: 2, since: 0, reason: 'CT_TIMEOUT', tries: 1, skipped: false };
const states = {
  get: () => undefined,
  gaps: () => ({ missing: () => 2, all: () => Array.from({ length: 25 }, () => gap) }),
} as unknown as LogStateStore;

/** Several servers; what one of them sends arrives at the others in JSON. */
class Servers {
  private readonly sent = new Map<string, () => unknown>();
  readonly foreign = new Map<string, unknown>();

  constructor(private readonly members: readonly MemberInfo[]) {}

  start(self: MemberInfo, logs: readonly FollowedLog[]): LogReports {
    const cluster = {
      self,
      members: () => this.members,
      publish: (_topic: string, value: () => unknown) => this.sent.set(self.id, value),
      reports: () => {
        const others = [...this.sent].filter(([id]) => id !== self.id);
        const values = others.map(([id, value]) => [id, JSON.parse(JSON.stringify(value()))] as const);
        return new Map<string, unknown>([...values, ...this.foreign]);
      },
    } as unknown as Cluster;
    const tailing = { followed: () => logs } as TailingService;
    return new LogReports(tailing, states, { verification: 'warn' } as never, cluster);
  }
}

const [one, two, gateway] = ['one', 'two', 'gateway'].map(member);
const shown = (reports: LogReports) =>
  reports.all().map(({ name, member: by, streamed_index }) => `${name} at ${streamed_index} by ${by}`);

describe(LogReports, () => {
  it('reports the logs of all members at each of them, also at one that follows none', () => {
    const servers = new Servers([one, two, gateway]);
    const first = servers.start(one, [followed('b', 5)]);
    const second = servers.start(two, [followed('c', 7), followed('a', 9)]);
    const third = servers.start(gateway, []);
    const all = ['a at 9 by two', 'b at 5 by one', 'c at 7 by two'];
    expect([shown(first), shown(second), shown(third)]).toEqual([all, all, all]);
    expect(first.others().map(({ name }) => name)).toEqual(['c', 'a']);
    expect(third.all()[0].gaps).toHaveLength(10);
    expect(third.all()[0].missing_entries).toBe(2);
    expect(second.all()[0].gaps).toHaveLength(25);
  });

  it('reports a log that two members follow once: its own report, else the one that is farther', () => {
    const servers = new Servers([one, two, gateway]);
    const first = servers.start(one, [followed('a', 5)]);
    servers.start(two, [followed('a', 8)]);
    expect(shown(first)).toEqual(['a at 5 by one']);
    expect(shown(servers.start(gateway, []))).toEqual(['a at 8 by two']);
  });

  it('leaves out what is damaged or foreign, and keeps the rest', () => {
    const servers = new Servers([one, two, gateway]);
    servers.start(one, [followed('a', 5)]);
    const third = servers.start(gateway, []);
    const [report] = third.all();
    for (const message of [null, 'text', 7, {}, { logs: [] }, [null, [], 'x', { name: 'b' }]])
      for (const id of ['two0000000', 'foreign0']) {
        servers.foreign.set(id, message);
        expect(shown(third)).toEqual(['a at 5 by one']);
      }
    const later = { ...report, url: 'https://b.example', name: 'b', later: true };
    servers.foreign.set('two0000000', [later, { ...later, url: 'https://c.example', tree_size: -1 }]);
    expect(shown(third)).toEqual(['a at 5 by one', 'b at 5 by two']);
    expect(third.all()[1]).not.toHaveProperty('later');
  });
});
