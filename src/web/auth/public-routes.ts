import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService, HttpAdapterHost, MetadataScanner } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { answersWithPage } from '../browser-page.js';
import { ROUTE_ACCESS } from './route-access.js';

/** Key of the metadata of methods that are public in at least one controller. Nest copies it to the handlers of Express. */
const MAY_BE_PUBLIC = 'certstream:may-be-public';

/** Name of the middleware of `app.enableCors()`. */
const CORS = 'corsMiddleware';

interface Handler {
  (request: IncomingMessage, response: ServerResponse, next: () => void): void;
  /** Layers of a router that is used as a handler. */
  readonly stack?: readonly Layer[];
}

/** The part of a router layer of Express 5 that this file uses. */
interface Layer {
  readonly name: string;
  readonly handle: Handler;
  readonly route?: {
    readonly methods: Readonly<Partial<Record<string, boolean>>>;
    readonly stack: readonly { readonly handle: Handler }[];
  };
  /** Whether the layer is mounted at `/`, such as a body parser. */
  readonly slash: boolean;
  match(path: string): boolean;
}

/**
 * Determines, before Express selects a route, whether a request may reach a `@Public()` route. If it may, `TokenGuard` checks
 * the route itself. Routes and handlers that the application registers in Express with a path are never public.
 */
@Injectable()
export class PublicRoutes implements OnApplicationBootstrap {
  /** Layers that the application registered in Express itself. The layers of Nest come after them. */
  private foreign: ReadonlySet<Layer> = new Set();
  private nest: ReadonlySet<Layer> = new Set();
  private check: unknown;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** Notes the middleware that checks all requests, which answers none itself but refusals. */
  noteCheck(check: unknown): void {
    this.check = check;
  }

  /** Call it before Nest registers middleware and routes. */
  noteForeignHandlers(): void {
    this.foreign = new Set(this.layers());
  }

  /** Marks the methods that are public. Call it before Nest registers routes. */
  markMethods(): void {
    for (const { metatype, instance } of this.discovery.getControllers()) {
      if (typeof metatype !== 'function') continue;
      const prototype = (metatype.prototype ?? Object.getPrototypeOf(instance)) as Record<string, Handler>;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const method = prototype[name];
        const access: unknown =
          Reflect.getMetadata(ROUTE_ACCESS, method) ?? Reflect.getMetadata(ROUTE_ACCESS, metatype);
        if (access === 'public') Reflect.defineMetadata(MAY_BE_PUBLIC, true, method);
      }
    }
  }

  onApplicationBootstrap(): void {
    this.nest = new Set(this.layers().filter((layer) => !this.foreign.has(layer)));
  }

  /** Returns whether Express would pass the request to a public route of a controller, or to one that answers it with the page for browsers. */
  mayServe(request: IncomingMessage): boolean {
    // Express may split other forms of a target, such as that of a proxy request, differently.
    const path = /^\/[^?#\s\\\ufeff]*(?=\?|$)/.exec(request.url ?? '')?.[0];
    if (path === undefined) return false;
    try {
      return this.leadsToPublic(request, path);
    } catch {
      // Express cannot decode a parameter of the path.
      return false;
    }
  }

  private leadsToPublic(request: IncomingMessage, path: string): boolean {
    const { method = '' } = request;
    let passesOthers = false;
    for (const layer of this.layers()) {
      if (layer.slash && servesItself(layer, method, path)) return false;
      if (layer.slash && this.mayAnswer(layer)) passesOthers = true;
      if (layer.slash || !layer.match(path)) continue;
      const isNest = this.nest.has(layer);
      if (layer.route === undefined) {
        if (!isNest) return false;
        passesOthers = true;
        continue;
      }
      if (!handles(layer.route, method)) continue;
      if (!isNest) return false;
      for (const { handle } of layer.route.stack) {
        if (Reflect.hasMetadata(MAY_BE_PUBLIC, handle)) return true;
        // The application did not make this path public, so its own handlers must not get requests without a token.
        if (!passesOthers && answersWithPage(handle, request)) return true;
      }
    }
    return false;
  }

  /** Whether a layer without a path is a handler of the application that may send files or pages. */
  private mayAnswer(layer: Layer): boolean {
    if (!this.foreign.has(layer) || layer.handle === this.check || layer.name === CORS) return false;
    return layer.handle.toString() !== hookOfAdapter();
  }

  /**
   * Passes a request that will be refused to the CORS middleware of the application first. A preflight request has no credentials
   * (Fetch, 4.8), and a page can read a refusal only with the CORS headers. No other handler of the application gets the request.
   */
  withCors(request: IncomingMessage, response: ServerResponse, refuse: () => void): void {
    const cors = this.layers().find(({ name }) => name === CORS);
    if (cors === undefined || request.headers.origin === undefined) refuse();
    else cors.handle(request, response, refuse);
  }

  private layers(): readonly Layer[] {
    const app = this.host.httpAdapter?.getInstance<{ router?: { stack: readonly Layer[] } }>();
    return app?.router?.stack ?? [];
  }
}

let hook: string | undefined;

/** Returns the source of the only handler that an ExpressAdapter adds itself. It calls the hooks of Nest. */
function hookOfAdapter(): string {
  if (hook === undefined) {
    const { router } = new ExpressAdapter().getInstance<{ router: { stack: readonly Layer[] } }>();
    hook = router.stack[0].handle.toString();
  }
  return hook;
}

/** Returns whether a router that is mounted at `/` has a handler for the path. */
function servesItself({ handle }: Layer, method: string, path: string): boolean {
  return (handle.stack ?? []).some((layer) => {
    if (layer.slash) return servesItself(layer, method, path);
    return layer.match(path) && (layer.route === undefined || handles(layer.route, method));
  });
}

function handles({ methods }: NonNullable<Layer['route']>, method: string): boolean | undefined {
  const name = method.toLowerCase();
  return methods['_all'] || methods[name] || (name === 'head' && methods['get']);
}
