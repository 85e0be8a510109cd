import type { IncomingMessage } from 'node:http';
import {
  type CustomDecorator,
  Inject,
  Injectable,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  Version,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { ApplicationConfig, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { BrowserPage } from './browser-page.js';
import { CorsPolicy } from './cors-policy.js';
import { PageGuard } from './page.guard.js';
import { requestPath, withoutTrailingSlash } from './request-path.js';

const FIXED_ROUTE = 'certstream:fixed-route';
/** Suffix of a path: an optional slash. It distinguishes this server's routes from routes of the host with the same path. */
const MARK = '{/}';

/** Returns the absolute paths of a route; none if the configuration switches the page off. */
export type PathsOf = (config: CertstreamConfig) => readonly string[];

interface FixedRouteOptions {
  /** Whether pages of other origins may read the page (`webserver.cors_origins`); default true. */
  readonly cors?: boolean;
}

/** A page that this application serves. */
export interface MountedPage {
  /** Absolute paths, in which `:name` is any segment. */
  readonly paths: readonly string[];
  /** The method of the controller, which carries the metadata of decorators. */
  readonly handler: Handler;
  readonly controller: object;
}

type Handler = (this: object, ...injected: unknown[]) => unknown;
type FixedRouteMetadata = FixedRouteOptions & { readonly pathsOf: PathsOf };

/**
 * Replaces `@Get()`: serves the method of a controller at absolute paths, which may come from the configuration. The global
 * prefix and the versions of the application do not apply. They do not apply to the WebSocket streams either. Other methods than GET
 * and HEAD get 405. The answers have the headers of an API and those of {@link CorsPolicy}.
 */
export function FixedRoute(pathsOf: PathsOf, options: FixedRouteOptions = {}): CustomDecorator {
  return SetMetadata<string, FixedRouteMetadata>(FIXED_ROUTE, { ...options, pathsOf });
}

/** Sets the paths of each {@link FixedRoute} for one application. Several applications of a process may use different paths. */
@Injectable()
export class FixedRoutes {
  /** The pages in the order in which they were mounted. */
  readonly pages: MountedPage[] = [];
  readonly browserPage: BrowserPage;
  private readonly corsPaths: RegExp[] = [];
  private readonly cors: CorsPolicy;

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    private readonly application: ApplicationConfig,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {
    this.cors = new CorsPolicy(config.webserver);
    this.browserPage = new BrowserPage(config.webserver);
  }

  /** Lets other origins read the pages from now on. `cors_origins` stays as it was when the server started. */
  reload({ allowed_origins: allowed }: Pick<CertstreamConfig['webserver'], 'allowed_origins'>): void {
    this.cors.reload({ cors_origins: this.config.webserver.cors_origins, allowed_origins: allowed });
  }

  /** Call it once, before Nest reads the routes of the controllers. */
  mount(): void {
    for (const { instance } of this.discovery.getControllers() as { instance: object }[]) {
      const methods = Object.getPrototypeOf(instance) as Record<string, Handler>;
      // Nest reads routes from the prototype of the instance. The class cannot hold them: other applications share it.
      const routes = Object.create(methods) as Record<string, Handler>;
      for (const name of this.scanner.getAllMethodNames(methods)) {
        const route = Reflect.getMetadata(FIXED_ROUTE, methods[name]) as FixedRouteMetadata | undefined;
        if (route === undefined) continue;
        const paths = [...new Set(route.pathsOf(this.config).map(withoutTrailingSlash))];
        if (paths.length === 0) continue;
        this.pages.push({ paths, handler: methods[name], controller: instance });
        this.mountMethod(routes, name, paths, route.cors === false ? undefined : this.cors);
        if (route.cors !== false) this.corsPaths.push(...paths.map(pathPattern));
      }
      if (Object.keys(routes).length > 0) Object.setPrototypeOf(instance, routes);
    }
  }

  /** Returns the policy of the page that the request is for; undefined for metrics, streams and pages of the host. */
  corsOf(request: Pick<IncomingMessage, 'url'>): CorsPolicy | undefined {
    const path = requestPath(request);
    return this.corsPaths.some((pattern) => pattern.test(path)) ? this.cors : undefined;
  }

  private mountMethod(
    routes: Record<string, Handler>,
    name: string,
    paths: readonly string[],
    cors: CorsPolicy | undefined,
  ): void {
    const original = routes[name];
    const value: Handler = function (...injected) {
      return original.apply(this, injected);
    };
    for (const key of Reflect.getMetadataKeys(original) as string[])
      Reflect.defineMetadata(key, Reflect.getMetadata(key, original), value);
    const guards = (Reflect.getMetadata(GUARDS_METADATA, original) ?? []) as readonly unknown[];
    Reflect.defineMetadata(GUARDS_METADATA, [new PageGuard(cors), ...guards], value);
    this.browserPage.shareRoute(paths, value);
    const descriptor = { value, enumerable: true };
    const marked = paths.map((path) => path + MARK);
    RequestMapping({ path: marked, method: RequestMethod.ALL })(routes, name, descriptor);
    Version(VERSION_NEUTRAL)(routes, name, descriptor);
    Object.defineProperty(routes, name, descriptor);
    this.excludeFromPrefix(marked);
  }

  private excludeFromPrefix(paths: readonly string[]): void {
    const options = this.application.getGlobalPrefixOptions();
    const excluded = paths.map((path) => ({
      path,
      pathRegex: new RegExp(`^${path.replaceAll(/[.{}]/g, String.raw`\$&`)}$`),
      requestMethod: RequestMethod.ALL,
    }));
    this.application.setGlobalPrefixOptions({
      ...options,
      exclude: [...(options.exclude ?? []), ...excluded],
    });
  }
}

/** Returns the pattern of a path as Express matches it: without regard to case, `:name` for one segment. */
function pathPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', String.raw`\.`).replaceAll(/:\w+/g, '[^/]+')}$`, 'i');
}
