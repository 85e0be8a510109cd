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
import { ApplicationConfig, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { withoutTrailingSlash } from './request-path.js';

const FIXED_ROUTE = 'certstream:fixed-route';
/** Suffix of a path: an optional slash. It distinguishes this server's routes from routes of the host with the same path. */
const MARK = '{/}';

/** Returns the absolute paths of a route; none if the configuration switches the page off. */
export type PathsOf = (config: CertstreamConfig) => readonly string[];

interface FixedRouteOptions {
  readonly pathsOf: PathsOf;
  readonly method: RequestMethod;
}

type Handler = (this: object, ...injected: unknown[]) => unknown;

/**
 * Replaces `@Get()`: serves the method of a controller at absolute paths, which may come from the configuration. The global
 * prefix and the versions of the application do not apply. They do not apply to the WebSocket streams either.
 */
export function FixedRoute(pathsOf: PathsOf, method = RequestMethod.GET): CustomDecorator {
  return SetMetadata<string, FixedRouteOptions>(FIXED_ROUTE, { pathsOf, method });
}

/** Sets the paths of each {@link FixedRoute} for one application. Several applications of a process may use different paths. */
@Injectable()
export class FixedRoutes {
  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    private readonly application: ApplicationConfig,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** Call it once, before Nest reads the routes of the controllers. */
  mount(): void {
    for (const { instance } of this.discovery.getControllers() as { instance: object }[]) {
      const methods = Object.getPrototypeOf(instance) as Record<string, Handler>;
      // Nest reads routes from the prototype of the instance. The class cannot hold them: other applications share it.
      const routes = Object.create(methods) as Record<string, Handler>;
      for (const name of this.scanner.getAllMethodNames(methods)) {
        const options = Reflect.getMetadata(FIXED_ROUTE, methods[name]) as FixedRouteOptions | undefined;
        if (options !== undefined) this.mountMethod(routes, name, options);
      }
      if (Object.keys(routes).length > 0) Object.setPrototypeOf(instance, routes);
    }
  }

  private mountMethod(
    routes: Record<string, Handler>,
    name: string,
    { pathsOf, method }: FixedRouteOptions,
  ): void {
    const original = routes[name];
    const paths = [...new Set(pathsOf(this.config).map(withoutTrailingSlash))].map((path) => path + MARK);
    if (paths.length === 0) return;
    const value: Handler = function (...injected) {
      return original.apply(this, injected);
    };
    for (const key of Reflect.getMetadataKeys(original) as string[])
      Reflect.defineMetadata(key, Reflect.getMetadata(key, original), value);
    const descriptor = { value, enumerable: true };
    RequestMapping({ path: paths, method })(routes, name, descriptor);
    Version(VERSION_NEUTRAL)(routes, name, descriptor);
    Object.defineProperty(routes, name, descriptor);
    this.excludeFromPrefix(paths);
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
