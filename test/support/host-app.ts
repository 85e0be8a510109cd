import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Controller,
  Get,
  type INestApplication,
  Module,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, expect } from 'vitest';
import { WebSocket } from 'ws';
import { configureCertstream, defineConfig } from '../../src/public-api.js';

export const TOKEN = 'a-token-of-the-host-0123456789';
export const config = defineConfig({
  auth: { tokens: [{ name: 'host', token: TOKEN }] },
});

@Controller()
export class HostController {
  @Get('host')
  page(): string {
    return 'host';
  }
}

/** The module of a host application, with {@link HostController} and the given controllers. */
export function hostModule(imports: ModuleMetadata['imports'], ...controllers: readonly Type[]) {
  @Module({ imports, controllers: [HostController, ...controllers] })
  class HostModule {}
  return HostModule;
}

export const opened: INestApplication[] = [];
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close().catch(() => undefined);
});

/** An application of a host, which the test closes. */
export async function create(
  module: () => Parameters<typeof NestFactory.createApplicationContext>[0],
): Promise<INestApplication> {
  const app = await NestFactory.create(module(), { logger: false, abortOnError: false });
  opened.push(app);
  return app;
}

/** Starts an application with this module, after `configureCertstream` and `prepare`. */
export async function started(
  module: Parameters<typeof create>[0],
  prepare: (app: INestApplication) => void = () => undefined,
): Promise<INestApplication> {
  const app = await create(module);
  configureCertstream(app);
  prepare(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

export const portOf = (app: INestApplication) =>
  ((app.getHttpServer() as Server).address() as AddressInfo).port;

export async function statusOf(app: INestApplication, path: string, token?: string): Promise<number> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return (await fetch(`http://127.0.0.1:${portOf(app)}${path}`, { headers })).status;
}

export async function upgradeOf(app: INestApplication, path: string, token?: string): Promise<number> {
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

export async function expectEnforced(app: INestApplication): Promise<void> {
  const paths = ['/full-stream', '/', '/domains-only'];
  for (const path of paths) {
    expect(await upgradeOf(app, path)).toBe(401);
    expect(await upgradeOf(app, path, TOKEN)).toBe(101);
  }
  expect(await statusOf(app, '/example.json')).toBe(401);
  expect(await statusOf(app, '/example.json', TOKEN)).toBe(503);
}
