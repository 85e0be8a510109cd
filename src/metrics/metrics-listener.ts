import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { sharesListener } from '../config/cross-checks.js';
import { MAX_METRICS_CONNECTIONS } from '../config/open-file-limits.js';
import { AccessPolicy } from '../web/access-policy.js';
import { sendError } from '../web/json-response.js';
import { HostPolicy } from '../web/host-policy.js';
import { forbidden, HOST_UNKNOWN } from '../web/refusal.js';
import { Refusals } from '../web/refusals.js';
import { TlsCertificates } from '../web/tls/tls-certificates.js';
import { limitServer, listen, tlsOptions } from '../web/listener.js';
import { requestPath, withoutTrailingSlash } from '../web/request-path.js';
import { MetricsRegistry } from './metrics-registry.js';

/** Serves the metrics on an address of their own, with their own TLS settings and whitelist, unless they share the web listener. */
@Injectable()
export class MetricsListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(MetricsListener.name);
  private readonly config: CertstreamConfig['prometheus'];
  private readonly limits: CertstreamConfig['webserver']['limits'];
  private readonly policy: AccessPolicy;
  private hosts: HostPolicy;
  private readonly path: string;
  private readonly isNeeded: boolean;
  private server: Server | undefined;

  constructor(
    @Inject(CERTSTREAM_CONFIG) config: CertstreamConfig,
    private readonly registry: MetricsRegistry,
    private readonly refusals: Refusals,
    private readonly certificates: TlsCertificates,
  ) {
    this.config = config.prometheus;
    this.limits = config.webserver.limits;
    this.policy = new AccessPolicy(config.prometheus);
    this.hosts = this.hostsOf(config.webserver);
    this.path = withoutTrailingSlash(config.prometheus.metrics_url);
    this.isNeeded = config.prometheus.enabled && !sharesListener(config);
  }

  /** Answers for other names from now on. */
  reload(webserver: Pick<CertstreamConfig['webserver'], 'allowed_hosts'>): void {
    this.hosts = this.hostsOf(webserver);
  }

  private hostsOf({ allowed_hosts }: Pick<CertstreamConfig['webserver'], 'allowed_hosts'>): HostPolicy {
    return new HostPolicy({ ...this.config, allowed_hosts });
  }

  /** Port of the listener, or undefined while it is not listening. */
  get port(): number | undefined {
    return (this.server?.address() as AddressInfo | null | undefined)?.port;
  }

  /** @throws WebError if the address or the TLS files cannot be used. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.isNeeded) return;
    const { listen_addr: address, listen_port: port } = this.config;
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.answer(request, response);
    const tls = await tlsOptions(this.config, this.limits);
    const server = tls === undefined ? createHttpServer(answer) : createHttpsServer(tls, answer);
    limitServer(server, this.limits);
    server.maxConnections = MAX_METRICS_CONNECTIONS;
    await listen(server, 'prometheus', address, port);
    this.certificates.watch('prometheus', this.config, server as TlsServer, tls);
    this.server = server;
    this.logger.log(`metrics listening on port ${this.port}`, { address, path: this.path });
  }

  async onApplicationShutdown(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = this.policy.clientAddress(request);
    if (!this.policy.allows(request))
      return this.refusals.answer(response, forbidden('metrics_whitelist'), address);
    if (!this.hosts.allows(request))
      return this.refusals.answer(response, forbidden('host', HOST_UNKNOWN), address);
    if (requestPath(request) !== this.path) return sendError(response, 404);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return sendError(response, 405, undefined, { Allow: 'GET, HEAD' });
    }
    try {
      const { contentType, text } = await this.registry.exposed(request.headers.accept);
      response.setHeader('Content-Type', contentType);
      response.setHeader('Vary', 'Accept');
      response.end(text);
    } catch (error) {
      this.logger.error('metrics could not be collected', error);
      sendError(response, 500);
    }
  }
}
