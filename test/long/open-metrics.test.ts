import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { shapesOf } from '../monitoring/exposition.js';
import { startFullSystem } from '../monitoring/full-system.js';

const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const PYTHON =
  process.env['OPEN_METRICS_PYTHON'] ?? join(cache, 'certstream-server-nest/open-metrics/bin/python');
/** Reads OpenMetrics and prints the names of all samples. */
const PROGRAM = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(sys.stdin.read()))
print(json.dumps({f.name: [f.type, f.unit, sorted({s.name for s in f.samples})] for f in families}))
`;

const isInstalled = spawnSync(PYTHON, ['-c', 'import prometheus_client']).status === 0;
if (!isInstalled) {
  console.warn(
    'SKIPPED test/long/open-metrics.test.ts: install prometheus_client from PyPI in a virtual environment, and name its python in OPEN_METRICS_PYTHON',
  );
}

it.skipIf(!isInstalled)(
  'the reference parser of OpenMetrics reads the metrics, with the names of the text format',
  async () => {
    const { system, exposition } = await startFullSystem();
    onTestFinished(() => system.close());
    const text = await exposition();
    const open = await exposition({ accept: 'application/openmetrics-text' });
    const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', PROGRAM], { input: open, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const families = JSON.parse(stdout) as Record<string, [type: string, unit: string, samples: string[]]>;
    // Whether Node has an active request, and so a sample, differs from one scrape to the next.
    const isLasting = (name: string) => !/^nodejs_active_(handles|requests|resources)$/.test(name);
    const names = (all: Iterable<string>) => [...new Set(all)].filter(isLasting).sort();
    const withSamples = [...shapesOf(text)].filter(([, { samples }]) => samples > 0).map(([name]) => name);
    expect(names(Object.values(families).flatMap(([, , samples]) => samples))).toEqual(names(withSamples));
    expect(families['certstreamservergo_certificates']).toEqual([
      'counter',
      '',
      ['certstreamservergo_certificates_total'],
    ]);
    expect(families['certstreamservergo_clients_total']?.[0]).toBe('gauge');
    expect(families['certstreamservergo_send_delay_seconds']?.slice(0, 2)).toEqual(['histogram', 'seconds']);
    expect(Object.values(families).filter(([type]) => type === 'unknown')).toEqual([]);
  },
);
