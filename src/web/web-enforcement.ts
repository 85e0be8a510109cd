import type { Server } from 'node:http';
import { Injectable } from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { PublicRoutes } from './auth/public-routes.js';
import { WebError } from './web-error.js';

/**
 * Stops the start of an application in which tokens, whitelist and limits are not enforced. An application without HTTP
 * adapter, as `createApplicationContext` makes it, exposes nothing, so that nothing is checked.
 */
@Injectable()
export class WebEnforcement {
  private isHttpPrepared = false;
  private isAdapterInUse = false;
  private isStarting = false;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly publicRoutes: PublicRoutes,
  ) {
    if (isAdapter(host.httpAdapter)) this.checkBeforeInit(host.httpAdapter);
    else host.init$.subscribe(() => this.checkBeforeInit(host.httpAdapter));
  }

  /**
   * To be called before requests are checked.
   * @returns whether they are already.
   * @throws WebError (`WEB_NOT_ENFORCED`) where that would have no effect, or too late.
   */
  prepareHttp(): boolean {
    if (this.isStarting) throw notEnforced('it was called after app.init() or app.listen(); call it before');
    const type = this.host.httpAdapter?.getType();
    if (type !== 'express') throw notEnforced(`it needs ExpressAdapter, not the adapter of ${type}`);
    const wasPrepared = this.isHttpPrepared;
    this.isHttpPrepared = true;
    return wasPrepared;
  }

  /** To be called when the streams get the adapter that checks upgrades. */
  noteAdapter(): void {
    this.isAdapterInUse = true;
  }

  /**
   * To be called when the gateways have their adapter and no route is served yet.
   * @throws WebError (`WEB_NOT_ENFORCED`)
   */
  check(): void {
    if (!isAdapter(this.host.httpAdapter)) return;
    if (!this.isHttpPrepared)
      throw notEnforced('call configureCertstream(app) before app.init() or app.listen()');
    if (this.isAdapterInUse) return;
    // The gateways have an adapter that asks for no token: a host that listens in spite of the error serves nothing.
    const server = this.host.httpAdapter.getHttpServer() as Server;
    server.prependListener('connection', (socket) => socket.destroy());
    throw notEnforced('another WebSocket adapter was set after configureCertstream(app); leave that out');
  }

  /** Before the first thing that `app.init()` does: without any WebSocket adapter Nest would end the process. */
  private checkBeforeInit(adapter: AbstractHttpAdapter | null): void {
    if (!isAdapter(adapter)) return;
    const init = adapter.init?.bind(adapter);
    adapter.init = async () => {
      if (!this.isHttpPrepared) this.check();
      this.isStarting = true;
      this.publicRoutes.noteForeignHandlers();
      await init?.();
    };
  }
}

function isAdapter(adapter: AbstractHttpAdapter | null | undefined): adapter is AbstractHttpAdapter {
  return adapter !== null && adapter !== undefined;
}

function notEnforced(reason: string): WebError {
  const text = `the access tokens, the whitelist and the limits would not be enforced: ${reason}`;
  return new WebError('WEB_NOT_ENFORCED', text);
}
