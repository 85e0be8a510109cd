import { type CustomDecorator, SetMetadata } from '@nestjs/common';
import type { ProtectedStream } from './access-tokens.js';

/** Key of the metadata that {@link Public} and {@link RequiresStream} set; its value is a {@link RouteAccess}. */
export const ROUTE_ACCESS = 'certstream:route-access';

/** `public`, or the stream that the access token must open. Routes without this metadata accept every valid token. */
export type RouteAccess = 'public' | ProtectedStream;

/**
 * Opens all routes of a controller, or one route, to requests without an access token. The whitelist and the limits still apply.
 * Middleware that is bound to the path of a public route is public too. If a public route serves all paths, then handlers that the
 * application registered in Express without a path are public too, such as static files. Subclasses of a public controller are public.
 */
export function Public(): CustomDecorator {
  return SetMetadata<string, RouteAccess>(ROUTE_ACCESS, 'public');
}

/** Requires an access token that opens `stream`, for all routes of a controller or for one route. */
export function RequiresStream(stream: 'full' | 'lite' | 'domains' | 'domains-only'): CustomDecorator {
  return SetMetadata<string, RouteAccess>(ROUTE_ACCESS, stream === 'domains' ? 'domains-only' : stream);
}
