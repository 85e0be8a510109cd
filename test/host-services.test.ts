import { Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService, type ConfigType } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { Interval, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { firstValueFrom } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { CtLogSimulator } from '../src/simulator/ct-log-simulator.js';
import {
  authConfig,
  CertstreamModule,
  CertificateFeed,
  CertstreamConfigModule,
  defineConfig,
  IngestModule,
  TailingService,
} from '../src/public-api.js';
import { create, expectEnforced, hostModule, started, TOKEN } from './support/host-app.js';

it('CertstreamModule does not change the schedule of the host, and reads its configuration from services of the host', async () => {
  let runs = 0;
  class Job {
    run(): void {
      runs++;
    }
  }
  Interval('job of the host', 3_600_000)(
    Job.prototype,
    'run',
    Object.getOwnPropertyDescriptor(Job.prototype, 'run')!,
  );
  Injectable()(Job);
  process.env['VALUE_OF_THE_HOST'] = 'set';
  @Module({
    imports: [
      ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true }),
      ScheduleModule.forRoot(),
      CertstreamModule.forRootAsync({
        inject: [ConfigService],
        useFactory: (service: ConfigService) => ({
          auth: { tokens: [{ name: service.getOrThrow<string>('VALUE_OF_THE_HOST'), token: TOKEN }] },
        }),
      }),
    ],
    providers: [Job],
  })
  class HostModule {}
  const app = await started(() => HostModule);
  delete process.env['VALUE_OF_THE_HOST'];
  const auth = app.get<ConfigType<typeof authConfig>>(authConfig.KEY, { strict: false });
  expect(auth.tokens[0].name).toBe('set');
  await expectEnforced(app);
  const registry = app.get(SchedulerRegistry);
  expect(registry.getIntervals()).toEqual(
    expect.arrayContaining(['job of the host', 'certstream.save-outputs']),
  );
  expect(runs).toBe(0);
});

it('forRootAsync with an invalid configuration → the same error as for a file, and no start', async () => {
  const module = () =>
    CertstreamModule.forRootAsync({ useFactory: () => ({ webserver: { lite_url: 'no path' } }) });
  await expect(create(module)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/^webserver\.lite_url: /) as string,
  });
});

it('IngestModule follows logs without a listener', async () => {
  const simulator = await CtLogSimulator.start({
    logs: [{ name: 'log', initialEntries: 5 }],
    certificates: 20,
  });
  const log = simulator.log('log');
  const context = await NestFactory.createApplicationContext(
    hostModule([
      CertstreamConfigModule.forRoot(
        defineConfig({
          general: { disable_default_logs: true, additional_logs: [{ url: log.url }] },
          ct_log: { poll_interval_seconds: 0.1 },
        }),
      ),
      IngestModule,
    ]),
    { logger: false, abortOnError: false },
  );
  try {
    const first = firstValueFrom(context.get(CertificateFeed, { strict: false }).entries$);
    const tailing = context.get(TailingService, { strict: false });
    tailing.start();
    await vi.waitFor(() => expect(tailing.followed()[0]?.status.state).toBe('following'), {
      timeout: 100_000,
    });
    log.append(1);
    log.publish();
    expect((await first).index).toBe(5);
  } finally {
    await context.close();
    await simulator.close();
  }
});
