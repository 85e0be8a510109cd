import { Module } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { type HealthContribution, HealthIndicator, type HealthReport } from '../src/public-api.js';
import { TestSystem } from '../src/testing/test-system.js';

@HealthIndicator()
class Guest implements HealthContribution {
  isReady = true;

  health(): Promise<HealthReport> {
    return Promise.resolve({ name: 'guest', ready: this.isReady, detail: { sightings: 3 } });
  }
}

@HealthIndicator()
class Hanging implements HealthContribution {
  health = () => new Promise<never>(() => undefined);
}

@HealthIndicator()
class Throwing implements HealthContribution {
  health = (): never => {
    throw new Error('out of order');
  };
}

@HealthIndicator()
class Circular implements HealthContribution {
  health(): HealthReport {
    const detail = { self: {} };
    detail.self = detail;
    return { name: 'circular', ready: true, detail };
  }
}

/** The module of another project. */
@Module({ providers: [Guest] })
class GuestModule {}

let system: TestSystem;

afterEach(() => system.close());

async function readiness(): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await system.get('/readyz');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('health indicators of a custom module', () => {
  it('are shown, and the server is ready only while all of them are', async () => {
    system = await TestSystem.start({ logs: [{ name: 'log' }], imports: [GuestModule] });
    const parts = { logs: { following: 1 }, log_list: { source: 'network' } };
    const indicator = { name: 'guest', ready: true, detail: { sightings: 3 } };
    expect(await readiness()).toMatchObject({
      status: 200,
      body: { status: 'ready', ...parts, indicators: [indicator] },
    });
    system.server.app.get(Guest, { strict: false }).isReady = false;
    expect(await readiness()).toMatchObject({
      status: 503,
      body: { status: 'not ready', ...parts, indicators: [{ ...indicator, ready: false }] },
    });
    expect((await system.get('/healthz')).status).toBe(200);
    system.server.app.get(Guest, { strict: false }).isReady = true;
    expect((await readiness()).status).toBe(200);
  });

  it('that hang, throw or return no JSON are not ready, and do not affect others', async () => {
    @Module({ providers: [Hanging, Throwing, Circular, Guest] })
    class BrokenHealthModule {}
    system = await TestSystem.start({ logs: [{ name: 'log' }], imports: [BrokenHealthModule] });
    const expected = {
      status: 503,
      body: {
        status: 'not ready',
        logs: { starting: 0, following: 1, failing: 0, stopped: 0 },
        verification: expect.any(Object) as object,
        missing_entries: 0,
        log_list: expect.any(Object) as object,
        indicators: [
          { name: 'Hanging', ready: false, error: 'CONTRIBUTION_TIMEOUT' },
          { name: 'Throwing', ready: false, error: 'CONTRIBUTION_FAILED' },
          { name: 'Circular', ready: false, error: 'CONTRIBUTION_FAILED' },
          { name: 'guest', ready: true, detail: { sightings: 3 } },
        ],
      },
    };
    expect(await readiness()).toEqual(expected);
    expect(await readiness()).toEqual(expected);
    for (const name of ['Hanging', 'Throwing', 'Circular']) {
      expect(system.output.filter((line) => line.includes(`health indicator ${name} failed`))).toHaveLength(
        1,
      );
    }
  });

  it('that are marked and lack the method end the start', async () => {
    @HealthIndicator()
    class Mistaken {}
    @Module({ providers: [Mistaken] })
    class MistakenModule {}
    system = await TestSystem.prepare({ imports: [MistakenModule] });
    await expect(system.startServer()).rejects.toMatchObject({
      code: 'CONTRIBUTION_UNUSABLE',
      message: 'Mistaken is marked as a contribution but has no method health()',
    });
  });
});
