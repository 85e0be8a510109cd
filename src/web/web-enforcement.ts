import type { Server } from 'node:http';
import { Injectable } from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { PublicRoutes } from './auth/public-routes.js';
import { WebError } from './web-error.js';

/**
 * Makes the start of an application fail if it does not enforce tokens, whitelist and limits. It checks nothing in an application
 * without an HTTP adapter, such as one of `createApplicationContext`, because such an application serves no requests.
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
   * Records that the checks of requests are being installed. Call it before you install them.
   * @returns whether they are installed already.
   * @throws WebError (`WEB_NOT_ENFORCED`) if it is too late, or if the HTTP adapter does not support them.
   */
  prepareHttp(): boolean {
    if (this.isStarting)
      throw notEnforced(
        'configureCertstream(app) was called after app.init() or app.listen(); call it before them',
      );
    const type = this.host.httpAdapter?.getType();
    if (type !== 'express')
      throw notEnforced(`configureCertstream(app) needs ExpressAdapter, not the adapter of ${type}`);
    const wasPrepared = this.isHttpPrepared;
    this.isHttpPrepared = true;
    return wasPrepared;
  }

  /** Records that the streams use the WebSocket adapter that checks upgrades. Call it when the adapter gets a stream. */
  noteAdapter(): void {
    this.isAdapterInUse = true;
  }

  /**
   * Checks that everything is enforced. Call it when the gateways have their adapter and before any route is served.
   * @throws WebError (`WEB_NOT_ENFORCED`)
   */
  check(): void {
    if (!isAdapter(this.host.httpAdapter)) return;
    if (!this.isHttpPrepared)
      throw notEnforced('call configureCertstream(app) before app.init() or app.listen()');
    if (this.isAdapterInUse) return;
    // The adapter of the gateways checks no tokens. A host that ignores the error and listens serves nothing.
    const server = this.host.httpAdapter.getHttpServer() as Server;
    server.prependListener('connection', (socket) => socket.destroy());
    throw notEnforced('another WebSocket adapter was set after configureCertstream(app); remove that call');
  }

  /** Makes `app.init()` run the check first. Later is too late: without a WebSocket adapter Nest ends the process. */
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
