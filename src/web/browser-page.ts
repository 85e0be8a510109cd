import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { from, type Observable } from 'rxjs';
import type { CertstreamConfig } from '../config/config-schema.js';
import { requestPath, withoutTrailingSlash } from './request-path.js';

/** Sends the page. Rejects with an ApiError. */
type SendPage = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** Key of the metadata of routes that share the path of the page; its value is a {@link BrowserPage}. */
const BROWSER_PAGE = 'certstream:browser-page';

/**
 * The page for browsers at `webserver.dashboard_path`, which may be the path of a stream. There the header `Accept` decides
 * (RFC 9110, 12.5.1): this interceptor answers a browser with the page instead of the answer of the route. The page holds no data, so
 * it needs no token.
 */
export class BrowserPage implements NestInterceptor {
  /** Undefined if the dashboard is switched off. */
  private readonly path: string | undefined;
  private send: SendPage | undefined;

  constructor({ dashboard, dashboard_path: path }: CertstreamConfig['webserver']) {
    if (dashboard) this.path = withoutTrailingSlash(path).toLowerCase();
  }

  /** Sets the function that sends the page. Until then, no request is for the page. */
  serve(send: SendPage): void {
    this.send = send;
  }

  /** Makes a route with one of the paths answer browsers with the page. */
  shareRoute(paths: readonly string[], handler: object): void {
    if (!paths.some((path) => path.toLowerCase() === this.path)) return;
    const others = (Reflect.getMetadata(INTERCEPTORS_METADATA, handler) ?? []) as readonly unknown[];
    Reflect.defineMetadata(INTERCEPTORS_METADATA, [this, ...others], handler);
    Reflect.defineMetadata(BROWSER_PAGE, this, handler);
  }

  isFor(request: RequestHead): boolean {
    const { method, headers } = request;
    if (this.send === undefined || (method !== 'GET' && method !== 'HEAD')) return false;
    return prefersHtml(headers.accept) && requestPath(request).toLowerCase() === this.path;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage>();
    if (this.send === undefined || !this.isFor(request)) return next.handle();
    return from(this.send(request, http.getResponse<ServerResponse>()));
  }
}

/** Whether a route answers the request with the page. @param handler the method of the route, or the handler that Nest gave to Express. */
export function answersWithPage(handler: object, request: RequestHead): boolean {
  const page = Reflect.getMetadata(BROWSER_PAGE, handler) as BrowserPage | undefined;
  return page?.isFor(request) === true;
}

/** Types in which the server answers programs. */
const PROGRAM_TYPES = ['application/json', 'text/event-stream'] as const;

/** Whether the client names HTML, as browsers do, and no other type of this server with the same weight. A wildcard names nothing. */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const weights = new Map<string, number>();
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim());
    weights.set(type, Math.max(weights.get(type) ?? 0, weightOf(parameters)));
  }
  const html = weights.get('text/html') ?? 0;
  return html > 0 && PROGRAM_TYPES.every((type) => (weights.get(type) ?? 0) < html);
}

/** Returns the weight of a media range (RFC 9110, 12.4.2); 0 if it is malformed. */
function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice('q='.length);
  if (weight === undefined) return 1;
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? Number(weight) : 0;
}
