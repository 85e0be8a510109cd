import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { runUntilSignal, type SignalHost } from './run-until-signal.js';

type Signal = 'SIGINT' | 'SIGTERM';

/** A process that records the calls it receives. `exited` resolves with the first exit code. */
class FakeHost implements SignalHost {
  readonly complaints: string[] = [];
  readonly exits: number[] = [];
  readonly exited: Promise<number>;
  readonly #listeners = new Map<Signal, (signal: Signal) => void>();
  earlier: Signal | undefined;
  time = 0;
  #resolve!: (code: number) => void;

  constructor() {
    this.exited = new Promise((resolve) => (this.#resolve = resolve));
  }

  on(signal: Signal, listener: (signal: Signal) => void): void {
    this.#listeners.set(signal, listener);
  }

  off(signal: Signal): void {
    this.#listeners.delete(signal);
  }

  early(): Signal | undefined {
    return this.earlier;
  }

  now(): number {
    return this.time;
  }

  exit(code: number): void {
    this.exits.push(code);
    this.#resolve(code);
  }

  complain(line: string): void {
    this.complaints.push(line);
  }

  send(signal: Signal): void {
    this.#listeners.get(signal)?.(signal);
  }

  get listening(): number {
    return this.#listeners.size;
  }
}

const never = new Promise<never>(() => undefined);

describe('runUntilSignal', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('%s stops and exits with 0', async (signal) => {
    const host = new FakeHost();
    let stopped = 0;
    await runUntilSignal(async () => ({ stop: async () => void stopped++ }), host);
    expect(host.exits).toEqual([]);
    host.send(signal);
    expect(await host.exited).toBe(0);
    expect(stopped).toBe(1);
    expect(host.complaints).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('a second signal, %s, exits at once', async (signal, code) => {
    const host = new FakeHost();
    await runUntilSignal(async () => ({ stop: () => never }), host);
    host.send('SIGTERM');
    expect(host.exits).toEqual([]);
    host.time = 1000;
    host.send(signal);
    expect(host.exits).toEqual([code]);
  });

  it('counts a signal that npm and the terminal both send as one', async () => {
    const host = new FakeHost();
    let stop!: () => void;
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    await runUntilSignal(async () => ({ stop: () => stopped }), host);
    host.send('SIGINT');
    host.time = 20;
    host.send('SIGINT');
    expect(host.exits).toEqual([]);
    stop();
    expect(await host.exited).toBe(0);
  });

  it('exits at once after another signal, also soon', async () => {
    const host = new FakeHost();
    await runUntilSignal(async () => ({ stop: () => never }), host);
    host.send('SIGINT');
    host.send('SIGTERM');
    expect(host.exits).toEqual([143]);
  });

  it('exits with 1 when the stop hangs', async () => {
    const host = new FakeHost();
    await runUntilSignal(async () => ({ stop: () => never }), host, 1);
    host.send('SIGTERM');
    expect(await host.exited).toBe(1);
    expect(host.complaints).toEqual(['could not stop within 0.001 s; exiting']);
  });

  it('exits with 1 after 30 s when the start hangs', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const host = new FakeHost();
    void runUntilSignal(() => never, host);
    host.send('SIGTERM');
    await vi.advanceTimersByTimeAsync(29_000);
    expect(host.exits).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(host.exits).toEqual([1]);
    expect(host.complaints).toEqual(['could not stop within 30 s; exiting']);
  });

  it.each([
    ['deploy/systemd/certstream-server.service', /^TimeoutStopSec=(\d+)s$/m],
    ['deploy/helm/certstream-server-nest/values.yaml', /^terminationGracePeriodSeconds: (\d+)$/m],
    ['compose.yaml', /stop_grace_period: (\d+)s$/m],
    ['docs/deployment.md', /--stop-timeout (\d+) /],
  ])('%s waits longer', (file, seconds) => {
    const text = readFileSync(file, 'utf8');
    expect(Number(seconds.exec(text)?.[1])).toBeGreaterThan(30);
  });

  it('exits with 1 when the stop fails', async () => {
    const host = new FakeHost();
    await runUntilSignal(async () => ({ stop: () => Promise.reject(new Error('disk full')) }), host);
    host.send('SIGINT');
    expect(await host.exited).toBe(1);
    expect(host.complaints).toEqual(['could not stop cleanly: disk full']);
  });

  it('a signal during the start stops as soon as the start is done', async () => {
    const host = new FakeHost();
    let finishStart!: () => void;
    const starting = new Promise<void>((resolve) => (finishStart = resolve));
    let stopped = false;
    const running = runUntilSignal(async () => {
      await starting;
      return { stop: async () => void (stopped = true) };
    }, host);
    host.send('SIGTERM');
    expect(stopped).toBe(false);
    finishStart();
    await running;
    expect(await host.exited).toBe(0);
    expect(stopped).toBe(true);
  });

  it('starts nothing if a signal has already arrived', async () => {
    const host = new FakeHost();
    host.earlier = 'SIGTERM';
    let started = false;
    await runUntilSignal(async () => {
      started = true;
      return { stop: () => never };
    }, host);
    expect({ exits: host.exits, started }).toEqual({ exits: [0], started: false });
  });

  it('rejects with the error of the start, and removes its signal listeners', async () => {
    const host = new FakeHost();
    await expect(runUntilSignal(() => Promise.reject(new Error('port in use')), host)).rejects.toThrow(
      'port in use',
    );
    expect(host.listening).toBe(0);
  });
});
