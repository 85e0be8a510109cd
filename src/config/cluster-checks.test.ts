import { describe, expect, it } from 'vitest';
import { checkConfig } from './checked-config.js';
import { ConfigDraft } from './config-draft.js';

function warnings(config: Record<string, unknown>): readonly string[] {
  const draft = new ConfigDraft(undefined, config);
  checkConfig(draft, {});
  return draft.warnings;
}

describe('settings of a cluster', () => {
  const cluster = { servers: ['localhost'] };

  it('that have no effect cause one line each', () => {
    const journal = { store: 'disk', max_gb: 50, on_full: 'skip' };
    const recovery = { enabled: true, start: 'head', max_age: '36h' };
    expect(warnings({ cluster, journal, general: { recovery } })).toEqual([
      expect.stringMatching(/^journal\.store: has no effect in a cluster/),
      expect.stringMatching(/^journal\.max_gb: has no effect in a cluster.*cluster\.max_gb/),
      expect.stringMatching(/^journal\.on_full: has no effect in a cluster/),
      expect.stringMatching(/^general\.recovery\.start: head has no effect in a cluster/),
    ]);
    expect(warnings({ journal: { on_full: 'skip' }, general: { recovery } })).toEqual([]);
  });

  it('that are the defaults cause none', () => {
    expect(warnings({ cluster, journal: { store: 'memory', on_full: 'wait' } })).toEqual([]);
  });

  it('cause one line each if no servers are named', () => {
    expect(warnings({ cluster: { name: 'one', replicas: 3, max_hours: 24, tls: {} } })).toEqual([
      'cluster.name: has no effect without cluster.servers',
      'cluster.replicas: has no effect without cluster.servers',
    ]);
  });
});
