import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Body,
  Controller,
  Get,
  type INestApplication,
  Injectable,
  Module,
  type ModuleMetadata,
  Post,
  VersioningType,
} from '@nestjs/common';
import { ConfigModule, ConfigService, type ConfigType } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { Interval, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { firstValueFrom } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { CtLogSimulator } from '../src/simulator/ct-log-simulator.js';
import {
  authConfig,
  CertstreamModule,
  CertificateFeed,
  CertstreamConfigModule,
  configureCertstream,
  defineConfig,
  IngestModule,
  Public,
  RequiresStream,
  StreamModule,
  TailingService,
} from '../src/public-api.js';

const TOKEN = 'a-token-of-the-host-0123456789';
const config = defineConfig({
  auth: { tokens: [{ name: 'host', token: TOKEN }] },
});
const NOT_ENFORCED = { code: 'WEB_NOT_ENFORCED' };

@Controller()
class HostController {
  @Get('host')
  page(): string {
    return 'host';
  }
}

/** Somebody's own application with our modules in it. */
function hostModule(imports: ModuleMetadata['imports']) {
  @Module({ imports, controllers: [HostController] })
  class HostModule {}
  return HostModule;
}

const WAYS = [
  ['CertstreamModule', () => CertstreamModule.forRoot(config)],
  ['CertstreamModule inside of another', () => hostModule([CertstreamModule.forRoot(config)])],
  ['StreamModule', () => hostModule([CertstreamConfigModule.forRoot(config), StreamModule])],
] as const;

/** Adapters that ask nobody for a token. */
class CustomAdapter extends WsAdapter {}

const opened: INestApplication[] = [];
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close().catch(() => undefined);
});

async function create(
  module: () => Parameters<typeof NestFactory.createApplicationContext>[0],
): Promise<INestApplication> {
  const app = await NestFactory.create(module(), { logger: false, abortOnError: false });
  opened.push(app);
  return app;
}

const portOf = (app: INestApplication) => ((app.getHttpServer() as Server).address() as AddressInfo).port;

async function statusOf(app: INestApplication, path: string, token?: string): Promise<number> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return (await fetch(`http://127.0.0.1:${portOf(app)}${path}`, { headers })).status;
}

async function upgradeOf(app: INestApplication, path: string, token?: string): Promise<number> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(app)}${path}`, { headers });
  const status = await new Promise<number>((resolve) => {
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode ?? 0));
    socket.on('error', () => resolve(0));
  });
  socket.on('error', () => undefined).terminate();
  return status;
}

async function expectEnforced(app: INestApplication): Promise<void> {
  const paths = ['/full-stream', '/', '/domains-only'];
  for (const path of paths) {
    expect(await upgradeOf(app, path)).toBe(401);
    expect(await upgradeOf(app, path, TOKEN)).toBe(101);
  }
  expect(await statusOf(app, '/example.json')).toBe(401);
  expect(await statusOf(app, '/example.json', TOKEN)).toBe(503);
}

describe.each(WAYS)('%s in an application of somebody else', (_name, module) => {
  it.each([
    ["with Nest's WsAdapter", (app: INestApplication) => new WsAdapter(app)],
    ['with an adapter of its own', (app: INestApplication) => new CustomAdapter(app)],
    ['with no WebSocket adapter', () => undefined],
  ])('%s → does not start, and says what to call', async (_adapter, adapterOf) => {
    const app = await create(module);
    const adapter = adapterOf(app);
    if (adapter !== undefined) app.useWebSocketAdapter(adapter);
    const says = {
      ...NOT_ENFORCED,
      message: expect.stringContaining('call configureCertstream(app)') as string,
    };
    await expect(app.init()).rejects.toMatchObject(says);
    await expect(app.listen(0, '127.0.0.1')).rejects.toMatchObject(says);
    expect((app.getHttpServer() as Server).listening).toBe(false);
  });

  it('with configureCertstream → tokens are asked for, by every stream and page', async () => {
    const app = await create(module);
    configureCertstream(app);
    await app.listen(0, '127.0.0.1');
    await expectEnforced(app);
  });
});

describe('configureCertstream', () => {
  const [, [, module]] = WAYS;

  it('after an adapter, before init and listen, or twice → enforced', async () => {
    const app = await create(module);
    app.useWebSocketAdapter(new WsAdapter(app));
    configureCertstream(app);
    configureCertstream(app);
    await app.init();
    await app.listen(0, '127.0.0.1');
    await expectEnforced(app);
    expect(await statusOf(app, '/host')).toBe(401);
    expect(await statusOf(app, '/host', TOKEN)).toBe(200);
  });

  it('before another adapter → does not start, nor is anything served by who listens all the same', async () => {
    const app = await create(module);
    configureCertstream(app);
    app.useWebSocketAdapter(new WsAdapter(app));
    await expect(app.init()).rejects.toMatchObject(NOT_ENFORCED);
    await expect(app.listen(0, '127.0.0.1')).rejects.toMatchObject(NOT_ENFORCED);
    const server = app.getHttpServer() as Server;
    await once(server.listen(0, '127.0.0.1'), 'listening');
    expect(await upgradeOf(app, '/', TOKEN)).toBe(0);
    await expect(statusOf(app, '/example.json', TOKEN)).rejects.toThrow();
    server.close();
  });

  it('behind middleware and routes of the host → these are enforced as well', async () => {
    const app = await create(module);
    app.use('/early', (_: unknown, response: { end: (text: string) => void }) => response.end('early'));
    app.enableCors();
    configureCertstream(app);
    app.use('/late', (_: unknown, response: { end: (text: string) => void }) => response.end('late'));
    await app.listen(0, '127.0.0.1');
    for (const path of ['/early', '/late', '/host']) {
      expect(await statusOf(app, path)).toBe(401);
      expect(await statusOf(app, path, TOKEN)).toBe(200);
    }
    expect(await statusOf(app, '/healthz')).toBe(200);
  });

  it('after a start that was refused → the application starts', async () => {
    const app = await create(module);
    await expect(app.listen(0, '127.0.0.1')).rejects.toMatchObject(NOT_ENFORCED);
    configureCertstream(app);
    await app.listen(0, '127.0.0.1');
    await expectEnforced(app);
  });

  it('after the start → refused', async () => {
    const app = await create(module);
    configureCertstream(app);
    await app.listen(0, '127.0.0.1');
    expect(() => configureCertstream(app)).toThrow(expect.objectContaining(NOT_ENFORCED));
    await expectEnforced(app);
  });

  it('of one application → is not that of another in the same process', async () => {
    const [first, second] = [await create(module), await create(module)];
    configureCertstream(first);
    await first.listen(0, '127.0.0.1');
    second.useWebSocketAdapter(new WsAdapter(second));
    await expect(second.listen(0, '127.0.0.1')).rejects.toMatchObject(NOT_ENFORCED);
    await expectEnforced(first);
  });

  it('in a testing module → as anywhere', async () => {
    const compiled = await Test.createTestingModule({
      imports: [CertstreamModule.forRoot(config)],
    }).compile();
    const app = compiled.createNestApplication({ logger: false });
    opened.push(app);
    app.useWebSocketAdapter(new WsAdapter(app));
    await expect(app.init()).rejects.toMatchObject(NOT_ENFORCED);
  });
});

it('an application without HTTP → starts, since nobody can reach it', async () => {
  const context = await NestFactory.createApplicationContext(CertstreamModule.forRoot(config), {
    logger: false,
    abortOnError: false,
  });
  expect(context.get(CertificateFeed)).toBeDefined();
  expect(context.get(TailingService).followed()).toEqual([]);
  await context.close();
});

@Controller('open')
@Public()
class OpenController {
  @Get('page')
  page(): string {
    return 'open';
  }

  @Post('hook')
  hook(@Body() body: unknown): unknown {
    return body;
  }

  @RequiresStream('full')
  @Get('full')
  full(): string {
    return 'full';
  }
}

describe('access of controllers', () => {
  const LITE = 'a-token-of-the-lite-stream-only';
  const own = defineConfig({
    auth: {
      tokens: [
        { name: 'host', token: TOKEN },
        { name: 'lite', token: LITE, streams: ['lite'] },
      ],
    },
    webserver: { whitelist: ['127.0.0.1'] },
  });

  async function started(
    prepare: (app: INestApplication) => void = () => undefined,
  ): Promise<INestApplication> {
    @Module({ imports: [CertstreamModule.forRoot(own)], controllers: [OpenController, HostController] })
    class HostModule {}
    const app = await create(() => HostModule);
    configureCertstream(app);
    prepare(app);
    await app.listen(0, '127.0.0.1');
    return app;
  }

  it('@Public() needs no token, @RequiresStream() one that opens the stream, all others any', async () => {
    const app = await started();
    expect(await statusOf(app, '/open/page')).toBe(200);
    expect(await statusOf(app, '/open/full')).toBe(401);
    expect(await statusOf(app, '/open/full', LITE)).toBe(403);
    expect(await statusOf(app, '/open/full', TOKEN)).toBe(200);
    expect(await statusOf(app, '/host')).toBe(401);
    expect(await statusOf(app, '/host', LITE)).toBe(200);
    expect(await statusOf(app, '/nothing')).toBe(401);
    expect(await statusOf(app, '/healthz')).toBe(200);
  });

  it('holds with a global prefix, versions and CORS of the host, and its body parser works', async () => {
    const app = await started((host) => {
      host.setGlobalPrefix('api');
      host.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      host.enableCors({ origin: 'https://app.example' });
    });
    expect(await statusOf(app, '/api/v1/open/page')).toBe(200);
    expect(await statusOf(app, '/open/page')).toBe(401);
    expect(await statusOf(app, '/api/v1/host')).toBe(401);
    const url = `http://127.0.0.1:${portOf(app)}`;
    const headers = { 'Content-Type': 'application/json' };
    const hook = await fetch(`${url}/api/v1/open/hook`, { method: 'POST', headers, body: '{"a":1}' });
    expect(await hook.json()).toEqual({ a: 1 });
    const preflight = await fetch(`${url}/api/v1/host`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(await upgradeOf(app, '/full-stream')).toBe(401);
    expect(await upgradeOf(app, '/full-stream', TOKEN)).toBe(101);
  });

  it('leaves routes and handlers that the host gives to Express closed, whatever public route has the same path', async () => {
    const app = await started((host) => {
      host.use('/open/page', (_: unknown, response: { end: (text: string) => void }) =>
        response.end('early'),
      );
      const express = host.getHttpAdapter().getInstance() as {
        get: (path: string, handler: unknown) => void;
      };
      express.get('/open/:any', (_: unknown, response: { end: (text: string) => void }) =>
        response.end('raw'),
      );
    });
    expect(await statusOf(app, '/open/page')).toBe(401);
    expect(await statusOf(app, '/open/other')).toBe(401);
    expect(await statusOf(app, '/open/page', TOKEN)).toBe(200);
  });
});

it('leaves the schedule and the environment of the host alone', async () => {
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
  const app = await create(() => HostModule);
  configureCertstream(app);
  await app.listen(0, '127.0.0.1');
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

it('forRootAsync with mistakes → the lines of a file, and no start', async () => {
  const module = () =>
    CertstreamModule.forRootAsync({ useFactory: () => ({ webserver: { lite_url: 'no path' } }) });
  await expect(create(module)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/^webserver\.lite_url: /) as string,
  });
});

it('IngestModule alone follows logs without any listener', async () => {
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
      timeout: 30_000,
    });
    log.append(1);
    log.publish();
    expect((await first).index).toBe(5);
  } finally {
    await context.close();
    await simulator.close();
  }
});
