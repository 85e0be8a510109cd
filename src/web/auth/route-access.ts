import { type CustomDecorator, SetMetadata } from '@nestjs/common';
import type { ProtectedStream } from './access-tokens.js';

/** Key of the metadata that {@link Public} and {@link RequiresStream} set; its value is a {@link RouteAccess}. */
export const ROUTE_ACCESS = 'certstream:route-access';

/** `public`, or the stream that an access token has to open. Routes without it are open to every valid token. */
export type RouteAccess = 'public' | ProtectedStream;

/**
 * Opens the routes of a controller, or one of them, without access token; whitelist and limits apply to them all the same. Middleware
 * that is bound to the path of such a route is opened as well, and so is what the application gives to Express without a path: static
 * files or another application behind a public route for all paths are public. Subclasses of a public controller are public.
 */
export function Public(): CustomDecorator {
  return SetMetadata<string, RouteAccess>(ROUTE_ACCESS, 'public');
}

/** Demands an access token that opens `stream`, for the routes of a controller or for one of them. */
export function RequiresStream(stream: 'full' | 'lite' | 'domains' | 'domains-only'): CustomDecorator {
  return SetMetadata<string, RouteAccess>(ROUTE_ACCESS, stream === 'domains' ? 'domains-only' : stream);
}
