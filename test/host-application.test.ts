import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  type INestApplication,
  type ModuleMetadata,
  Param,
  ParseIntPipe,
  VersioningType,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { map } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { CertstreamModule, type ConfigInput, Public } from '../src/public-api.js';
import { hostModule, portOf, started, statusOf, TOKEN, upgradeOf } from './support/host-app.js';

const LISTENER = { listen_addr: '127.0.0.1', listen_port: 8080 };
const METRICS: ConfigInput = { webserver: LISTENER, prometheus: { ...LISTENER, enabled: true } };
const PAGES = ['/example.json', '/full-stream/example.json', '/domains-only/example.json', '/latest.json'];

/** Pages of the host, some with the paths of this server's pages. */
@Controller({ version: ['1', '2'] })
class RivalController {
  @Get()
  root(): string {
    return 'root of the host';
  }

  @Get('logs')
  logs(): string {
    return 'logs of the host';
  }

  @Get('number/:n')
  number(@Param('n', ParseIntPipe) n: number): { n: number } {
    return { n };
  }

  @Get('fault')
  fault(): never {
    throw new ForbiddenException('fault of the host');
  }
}

class OpenBase {
  @Public()
  @Get('inherited')
  inherited(): string {
    return 'inherited';
  }

  @Get('closed')
  closed(): string {
    return 'closed';
  }
}

@Controller('child')
class ChildController extends OpenBase {}

@Public()
@Controller('open-child')
class OpenChildController extends OpenBase {}

const start = (imports: ModuleMetadata['imports'], prepare?: (app: INestApplication) => void) =>
  started(() => hostModule(imports, RivalController, ChildController, OpenChildController), prepare);

const get = (app: INestApplication, path: string) => fetch(`http://127.0.0.1:${portOf(app)}${path}`);
const textOf = async (app: INestApplication, path: string) => (await get(app, path)).text();

describe('a host with a global prefix and versions', () => {
  const prepare = (app: INestApplication) => {
    app.setGlobalPrefix('api', { exclude: ['number/:n'] });
    app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  };

  it('serves the pages and streams of this server only at their absolute paths', async () => {
    const app = await start([CertstreamModule.forRoot(METRICS)], prepare);
    for (const path of PAGES) expect(await statusOf(app, path), path).toBe(503);
    for (const path of ['/', '/full-stream/', '/domains-only']) expect(await statusOf(app, path)).toBe(426);
    for (const path of ['/healthz', '/logs', '/logs/', '/metrics'])
      expect(await statusOf(app, path)).toBe(200);
    for (const path of ['/healthz', '/latest.json', '/metrics'])
      for (const prefix of ['/api', '/api/v1']) expect(await statusOf(app, prefix + path)).toBe(404);
    expect(await upgradeOf(app, '/full-stream')).toBe(101);
  });

  it('keeps its own pages under the prefix, even if this server has pages with the same paths', async () => {
    const app = await start([CertstreamModule.forRoot(METRICS)], prepare);
    for (const version of ['/api/v1', '/api/v2']) {
      expect(await textOf(app, version)).toBe('root of the host');
      expect(await textOf(app, `${version}/logs`)).toBe('logs of the host');
    }
    expect(await (await get(app, '/v1/number/7')).json()).toEqual({ n: 7 });
  });
});

describe('forRootAsync', () => {
  it.each([true, false])('serves the configured paths, and metrics if enabled: %s', async (enabled) => {
    const webserver = { ...LISTENER, full_url: '/ct/full', lite_url: '/ct/lite' };
    const prometheus = { ...LISTENER, enabled, metrics_url: '/ct/numbers' };
    const useFactory = () => Promise.resolve({ webserver, prometheus });
    const app = await start([CertstreamModule.forRootAsync({ useFactory })]);
    expect(await statusOf(app, '/ct/numbers')).toBe(enabled ? 200 : 404);
    expect(await statusOf(app, '/ct/full/example.json')).toBe(503);
    expect(await statusOf(app, '/ct/lite')).toBe(426);
    expect(await statusOf(app, '/full-stream')).toBe(404);
    expect(await textOf(app, '/')).toBe('root of the host');
  });

  it('lets two applications of one process have different paths', async () => {
    const [first, second] = await Promise.all(
      ['/first', '/second'].map((full_url) =>
        start([CertstreamModule.forRootAsync({ useFactory: () => ({ webserver: { full_url } }) })]),
      ),
    );
    expect([await statusOf(first, '/first'), await statusOf(second, '/first')]).toEqual([426, 404]);
    expect([await statusOf(first, '/second'), await statusOf(second, '/second')]).toEqual([404, 426]);
  });
});

@Catch()
class TeapotFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Response>().status(418).json({ host: 'teapot' });
  }
}

describe('global settings of a host', () => {
  it('pipes, interceptors and filters change the answers of the host, but not the example pages, metrics and errors of this server', async () => {
    const app = await start([CertstreamModule.forRoot(METRICS)], (host) => {
      host.useGlobalPipes({ transform: (value: unknown) => (value === '7' ? '8' : value) });
      host.useGlobalInterceptors({
        intercept: (_: ExecutionContext, next: CallHandler) => next.handle().pipe(map((data) => ({ data }))),
      });
      host.useGlobalFilters(new TeapotFilter());
    });
    expect(await (await get(app, '/number/7')).json()).toEqual({ data: { n: 8 } });
    expect(await statusOf(app, '/number/x')).toBe(418);
    expect(await statusOf(app, '/fault')).toBe(418);
    expect(await (await get(app, '/latest.json')).json()).toEqual({
      error: 'no entry has been received yet',
      code: 'API_NO_ENTRY',
    });
    expect(await textOf(app, '/metrics')).toMatch(/^# HELP certstreamservergo_/);
  });

  it('guards apply to the pages of this server, whose errors keep their format', async () => {
    const app = await start([CertstreamModule.forRoot(METRICS)], (host) => {
      host.useGlobalGuards({
        canActivate: (context) => context.switchToHttp().getRequest<Request>().headers['x-key'] === 'k',
      });
    });
    for (const path of ['/latest.json', '/healthz', '/metrics']) {
      const response = await get(app, path);
      expect(response.status, path).toBe(403);
      expect(await response.json()).toEqual({ error: 'Forbidden resource', code: 'FORBIDDEN' });
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('cache-control')).toBe('no-store');
    }
    expect(await (await get(app, '/number/7')).json()).toHaveProperty('statusCode', 403);
    const { status } = await fetch(`http://127.0.0.1:${portOf(app)}/healthz`, { headers: { 'X-Key': 'k' } });
    expect(status).toBe(200);
  });

  it('middleware that sets headers, such as helmet, sets them on every page', async () => {
    const app = await start([CertstreamModule.forRoot(METRICS)], (host) =>
      host.use((_: Request, response: Response, next: () => void) => {
        response.setHeader('Strict-Transport-Security', 'max-age=1');
        next();
      }),
    );
    for (const path of ['/latest.json', '/healthz', '/logs', '/metrics', '/fault'])
      expect((await get(app, path)).headers.get('strict-transport-security'), path).toBe('max-age=1');
  });

  it('shutdown hooks stop the application on a signal', async () => {
    const app = await start([CertstreamModule.forRoot()], (host) => host.enableShutdownHooks(['SIGUSR2']));
    // Nest sends the signal again after its hooks. Without this mock it would end the test process.
    const ended = new Promise<unknown>((resolve) => {
      vi.spyOn(process, 'kill').mockImplementation((_pid, signal) => {
        resolve(signal);
        return true;
      });
    });
    try {
      process.emit('SIGUSR2', 'SIGUSR2');
      expect(await ended).toBe('SIGUSR2');
    } finally {
      vi.restoreAllMocks();
    }
    await expect(statusOf(app, '/healthz')).rejects.toThrow();
  });
});

it('@Public() on an inherited method opens it in every subclass; on a class, it opens inherited methods too', async () => {
  const app = await start([CertstreamModule.forRoot({ auth: { tokens: [{ name: 'host', token: TOKEN }] } })]);
  expect(await statusOf(app, '/child/inherited')).toBe(200);
  expect(await statusOf(app, '/child/closed')).toBe(401);
  expect(await statusOf(app, '/child/closed', TOKEN)).toBe(200);
  expect(await statusOf(app, '/open-child/inherited')).toBe(200);
  expect(await statusOf(app, '/open-child/closed')).toBe(200);
});
