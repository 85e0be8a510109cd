import { once } from 'node:events';
import type { Server } from 'node:http';
import { type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import {
  CertstreamModule,
  CertificateFeed,
  CertstreamConfigModule,
  configureCertstream,
  StreamModule,
  TailingService,
} from '../src/public-api.js';
import {
  config,
  create,
  expectEnforced,
  hostModule,
  opened,
  started,
  statusOf,
  TOKEN,
  upgradeOf,
} from './support/host-app.js';

const NOT_ENFORCED = { code: 'WEB_NOT_ENFORCED' };

const WAYS = [
  ['CertstreamModule', () => CertstreamModule.forRoot(config)],
  ['CertstreamModule inside another module', () => hostModule([CertstreamModule.forRoot(config)])],
  ['StreamModule', () => hostModule([CertstreamConfigModule.forRoot(config), StreamModule])],
] as const;

/** An adapter that checks no tokens. */
class CustomAdapter extends WsAdapter {}

describe.each(WAYS)('%s in another application', (_name, module) => {
  it.each([
    ["with Nest's WsAdapter", (app: INestApplication) => new WsAdapter(app)],
    ['with its own adapter', (app: INestApplication) => new CustomAdapter(app)],
    ['with no WebSocket adapter', () => undefined],
  ])('%s → does not start, and reports which function to call', async (_adapter, adapterOf) => {
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

  it('with configureCertstream → every stream and page requires a token', async () => {
    const app = await started(module);
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

  it('before another adapter → does not start, and serves nothing if the host listens in spite of the error', async () => {
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

  it('after middleware and routes of the host → they require a token too', async () => {
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

  it('after a failed start → the application starts', async () => {
    const app = await create(module);
    await expect(app.listen(0, '127.0.0.1')).rejects.toMatchObject(NOT_ENFORCED);
    configureCertstream(app);
    await app.listen(0, '127.0.0.1');
    await expectEnforced(app);
  });

  it('after the start → throws', async () => {
    const app = await started(module);
    expect(() => configureCertstream(app)).toThrow(expect.objectContaining(NOT_ENFORCED));
    await expectEnforced(app);
  });

  it('for one application → does not count for another in the same process', async () => {
    const [first, second] = [await create(module), await create(module)];
    configureCertstream(first);
    await first.listen(0, '127.0.0.1');
    second.useWebSocketAdapter(new WsAdapter(second));
    await expect(second.listen(0, '127.0.0.1')).rejects.toMatchObject(NOT_ENFORCED);
    await expectEnforced(first);
  });

  it('missing in a testing module → does not start', async () => {
    const compiled = await Test.createTestingModule({
      imports: [CertstreamModule.forRoot(config)],
    }).compile();
    const app = compiled.createNestApplication({ logger: false });
    opened.push(app);
    app.useWebSocketAdapter(new WsAdapter(app));
    await expect(app.init()).rejects.toMatchObject(NOT_ENFORCED);
  });
});

it('an application without HTTP → starts, since it serves no requests', async () => {
  const context = await NestFactory.createApplicationContext(CertstreamModule.forRoot(config), {
    logger: false,
    abortOnError: false,
  });
  expect(context.get(CertificateFeed)).toBeDefined();
  expect(context.get(TailingService).followed()).toEqual([]);
  await context.close();
});

describe('two configurations in one application', () => {
  it.each([
    [
      'the outer one has no tokens',
      [CertstreamModule.forRoot({}), hostModule([CertstreamModule.forRoot(config)])],
    ],
    [
      'the one from a factory has no tokens',
      [CertstreamModule.forRootAsync({ useFactory: () => ({}) }), CertstreamModule.forRoot(config)],
    ],
  ])(
    '%s → the application does not start, since the tokens of the other would be ignored',
    async (_name, imports) => {
      const app = await create(() => hostModule(imports));
      configureCertstream(app);
      await expect(app.listen(0, '127.0.0.1')).rejects.toMatchObject({ code: 'CONFIG_AMBIGUOUS' });
      expect((app.getHttpServer() as Server).listening).toBe(false);
    },
  );

  it('the same configuration twice → starts', async () => {
    const app = await started(() =>
      hostModule([CertstreamModule.forRoot(config), hostModule([CertstreamModule.forRoot(config)])]),
    );
    await expectEnforced(app);
  });
});
