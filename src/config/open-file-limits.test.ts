import { describe, expect, it } from 'vitest';
import { defineConfig } from './checked-config.js';
import { reloadedWithinOpenFiles, withinOpenFiles } from './open-file-limits.js';

const defaults = defineConfig({});

function cut(limits: { max_connections: number; max_pending_connections: number }, openFiles?: number) {
  const { config, notice } = withinOpenFiles(defineConfig({ webserver: { limits } }), openFiles);
  const { max_connections: clients, max_pending_connections: others } = config.webserver.limits;
  return { clients, others, logs: config.ct_log.max_connections, notice };
}

describe('withinOpenFiles', () => {
  it.each([undefined, Infinity, 1_048_576, 25_064])('changes nothing at a limit of %s', (openFiles) => {
    expect(withinOpenFiles(defaults, openFiles)).toEqual({ config: defaults });
  });

  it.each([25_063, 4096, 1024, 256, 100])('leaves files for other things at a limit of %i', (openFiles) => {
    const { clients, others, logs, notice } = cut(
      { max_connections: 20_000, max_pending_connections: 4000 },
      openFiles,
    );
    expect(clients + others + logs).toBeLessThanOrEqual(openFiles - 40);
    expect(clients).toBeGreaterThan((openFiles - 40) / 3);
    expect(notice).toContain(`limit of open files is ${openFiles} (ulimit -n)`);
    expect(notice).toContain(`at most ${clients} clients, ${others} other connections and ${logs}`);
  });

  it('bounds numbers without a limit', () => {
    const { clients, others, notice } = cut({ max_connections: 0, max_pending_connections: 0 }, 10_000);
    expect([clients, others]).toEqual([6702, 2234]);
    expect(notice).toContain('need more');
  });

  it('leaves files for the connections of a listener of the metrics', () => {
    const cutWith = (prometheus: object) => {
      const { webserver, ct_log: log } = withinOpenFiles(defineConfig({ prometheus }), 1000).config;
      return (
        webserver.limits.max_connections + webserver.limits.max_pending_connections + log.max_connections
      );
    };
    expect(cutWith({ enabled: true })).toBe(960);
    expect(cutWith({ enabled: true, listen_port: 9090 })).toBe(928);
  });

  it.each([
    [20_000, false],
    [16_000, false],
    [1024, true],
    [50, true],
  ])('with %d open files, the numbers are scarce: %s', (openFiles, isScarce) => {
    expect(withinOpenFiles(defaults, openFiles).isScarce).toBe(isScarce);
  });

  it('promises nothing if the limit is too low for the fewest connections', () => {
    const { logs, notice } = cut({ max_connections: 0, max_pending_connections: 0 }, 63);
    expect(logs).toBe(8);
    expect(notice).toBe(
      'the limit of open files is 63 (ulimit -n), too low for this configuration: raise it to 64 or more',
    );
  });

  it('leaves files for the connections of outputs', () => {
    const output = { type: 'webhook', name: 'hook', url: 'https://example.com/' } as const;
    const { webserver, ct_log: log } = withinOpenFiles(defineConfig({ outputs: [output] }), 1000).config;
    const { max_connections: clients, max_pending_connections: others } = webserver.limits;
    expect(clients + others + log.max_connections).toBe(956);
  });

  it('leaves numbers that are small enough as they are', () => {
    const small = { max_connections: 10, max_pending_connections: 20 };
    expect(cut(small, 1100)).toMatchObject({ clients: 10, others: 20, notice: undefined });
    expect(cut(small, 500)).toMatchObject({ clients: 10, others: 20, logs: 115 });
  });
});

describe('reloadedWithinOpenFiles', () => {
  const few = defineConfig({ webserver: { limits: { max_connections: 10 } } });
  const { config: running } = withinOpenFiles(few, 4096);
  const changed = (max_connections: number) =>
    defineConfig({ webserver: { limits: { max_connections, max_pending_connections: 100 } } });

  it('cuts only the number of clients, to the files that the running server leaves free', () => {
    const { limits } = running.webserver;
    const free = 4096 - 40 - limits.max_pending_connections - running.ct_log.max_connections;
    const { config, notice } = reloadedWithinOpenFiles(changed(0), running, 4096);
    expect(config.webserver.limits).toMatchObject({ max_connections: free, max_pending_connections: 100 });
    expect(config.ct_log).toEqual(defaults.ct_log);
    expect(notice).toContain(`limit of open files is 4096 (ulimit -n): at most ${free} clients`);
    expect(reloadedWithinOpenFiles(changed(free), running, 4096)).toEqual({ config: changed(free) });
  });

  it('changes nothing without a limit of open files', () => {
    expect(reloadedWithinOpenFiles(changed(0), running, undefined)).toEqual({ config: changed(0) });
  });
});
