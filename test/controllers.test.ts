import {
  Body,
  Controller,
  Get,
  type INestApplication,
  Module,
  NotFoundException,
  Post,
  VersioningType,
} from '@nestjs/common';
import { type Request, type Response, Router } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CertstreamModule, defineConfig, Public, RequiresStream } from '../src/public-api.js';
import { hostModule, portOf, started, statusOf, TOKEN, upgradeOf } from './support/host-app.js';
import { TestSystem } from '../src/testing/test-system.js';

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

  @Get('item/:name')
  item(): string {
    return 'item';
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

  const start = (prepare?: (app: INestApplication) => void) =>
    started(() => hostModule([CertstreamModule.forRoot(own)], OpenController), prepare);

  it('@Public() requires no token, @RequiresStream() a token that opens the stream, all other routes any token', async () => {
    const app = await start();
    expect(await statusOf(app, '/open/page')).toBe(200);
    expect(await statusOf(app, '/open/full')).toBe(401);
    expect(await statusOf(app, '/open/full', LITE)).toBe(403);
    expect(await statusOf(app, '/open/full', TOKEN)).toBe(200);
    expect(await statusOf(app, '/host')).toBe(401);
    expect(await statusOf(app, '/host', LITE)).toBe(200);
    expect(await statusOf(app, '/nothing')).toBe(401);
    expect(await statusOf(app, '/healthz')).toBe(200);
  });

  it('is the same with a global prefix, versions and CORS of the host, whose body parser works', async () => {
    const app = await start((host) => {
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

  it('requires a token for routes and handlers that the host registers in Express, even if a public route has the same path', async () => {
    const app = await start((host) => {
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

  it('requires a token for a router that the host registers without a path', async () => {
    const app = await start((host) => {
      const answer = (_: Request, response: Response) => void response.end('router');
      const inner = Router().get('/open/page', answer);
      host.use(Router().use(inner).post('/open/hook', answer));
    });
    expect(await statusOf(app, '/open/page')).toBe(401);
    expect(await statusOf(app, '/open/page', TOKEN)).toBe(200);
    expect(await statusOf(app, '/healthz')).toBe(200);
  });

  it('answers 401 to a path that cannot be decoded', async () => {
    expect(await statusOf(await start(), '/open/item/%ff')).toBe(401);
    expect(await statusOf(await start(), '/open/item/%ff', TOKEN)).toBe(400);
  });
});

describe('the server of startServer', () => {
  @Controller()
  class GuestController {
    @Post('guest')
    guest(@Body() body: unknown): unknown {
      return body;
    }

    @Get('missing')
    missing(): never {
      throw new NotFoundException('no such guest');
    }
  }

  @Module({ controllers: [GuestController] })
  class GuestModule {}

  it('parses bodies for controllers of modules, and answers unknown paths in one format', async () => {
    const system = await TestSystem.start({ imports: [GuestModule] });
    onTestFinished(() => system.close());
    const headers = { 'Content-Type': 'application/json' };
    const guest = await fetch(`${system.server.url}/guest`, { method: 'POST', headers, body: '{"a":1}' });
    expect(await guest.json()).toEqual({ a: 1 });
    const bodyOf = async (path: string): Promise<unknown> => (await system.get(path)).json();
    expect(await bodyOf('/missing')).toMatchObject({ message: 'no such guest', statusCode: 404 });
    expect(await bodyOf('/nope?x=1')).toEqual({
      error: 'no page of this server has this path and method',
      code: 'NOT_FOUND',
    });
    expect(await bodyOf('/metrics')).toEqual({
      error: 'metrics are switched off; set prometheus.enabled',
      code: 'NOT_FOUND',
    });
  });
});
