import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Controller, Inject, Logger, type OnModuleInit, Param, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { fileURLToPath } from 'node:url';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { messageOf } from '../kernel/certstream-error.js';
import { streamPaths } from '../stream/subscription/stream-paths.js';
import { Admission } from '../web/admission.js';
import { ApiError } from '../web/api-error.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { Public } from '../web/auth/route-access.js';
import { FixedRoute, FixedRoutes, type PathsOf } from '../web/fixed-routes.js';
import { sendJson } from '../web/json-response.js';
import { Documented } from '../web/page-doc.js';
import type { DashboardConfig } from './dashboard-data.js';
import { PageFiles } from './files/page-files.js';

/** The folder of the build, from `src` as well as from `dist`. */
const BUILD = fileURLToPath(new URL('../../dist/dashboard/page', import.meta.url));

/** The page runs only scripts of this server and connects only to it. `'self'` includes its WebSockets (CSP 3, 6.7.2.8). */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS: OutgoingHttpHeaders = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Returns the paths of a page of the dashboard; none if it is switched off. */
export function dashboardPage(...paths: readonly string[]): PathsOf {
  return ({ webserver }) => (webserver.dashboard ? paths : []);
}

/** The path of the page, unless a stream has the same path and shares it. */
const ownPath: PathsOf = ({ webserver }) => {
  const { dashboard, dashboard_path: path, full_url, lite_url, domains_only_url, sse_url } = webserver;
  const streams = [full_url, lite_url, domains_only_url, sse_url].map((stream) => stream.toLowerCase());
  return dashboard && !streams.includes(path.toLowerCase()) ? [path] : [];
};

/**
 * Serves the dashboard: the page at `webserver.dashboard_path`, its assets, and the settings that the page needs before it can ask for a
 * token. None of them holds data, so they need no token.
 */
@Public()
@Controller()
@UseFilters(ApiErrorFilter)
export class PageController implements OnModuleInit {
  private readonly logger = new Logger('Dashboard');
  private files: PageFiles | undefined;

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    private readonly routes: FixedRoutes,
    private readonly admission: Admission,
  ) {}

  /** Reads the built page. Without a build, the server runs and the page says so. */
  async onModuleInit(): Promise<void> {
    if (!this.config.webserver.dashboard) return;
    this.routes.browserPage.serve((request, response) => this.send(request, response));
    try {
      this.files = await PageFiles.read(BUILD);
    } catch (error) {
      this.logger.warn(
        `the dashboard is not available, because it is not built; run npm run build, or set webserver.dashboard to false: ${messageOf(error)}`,
      );
    }
  }

  @FixedRoute(ownPath, { cors: false })
  @Documented({
    summary: 'The dashboard, a page for browsers.',
    answers: { others: { 'text/html': 'The page. It reads `/dashboard/data.json` and the lite stream.' } },
    errors: { 503: 'The page is not built.' },
  })
  page(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.send(request, response);
  }

  @FixedRoute(dashboardPage('/dashboard/assets/:file'), { cors: false })
  @Documented({
    summary: 'A script, style or image of the dashboard.',
    path: { file: { description: 'Name of the file.' } },
    answers: { others: { 'text/javascript': 'A script.', 'text/css': 'A style sheet.' } },
    errors: { 404: 'There is no such file.', 503: 'The page is not built.' },
  })
  async asset(
    @Param('file') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const file = this.built.asset(name);
    if (file === undefined)
      throw new ApiError('API_FILE_UNKNOWN', 404, 'the dashboard has no such file; load the page again');
    // The name contains a hash of the content.
    const caching = { 'Cache-Control': 'public, max-age=31536000, immutable' };
    await file.send(request, response, { ...SECURITY_HEADERS, ...caching });
  }

  @FixedRoute(dashboardPage('/dashboard/config.json'), { cors: false })
  @Documented({
    summary: 'What the dashboard needs before it has a token.',
    answers: { json: ['dashboard_config'] },
  })
  settings(@Res() response: Response): void {
    const { webserver } = this.config;
    const answer: DashboardConfig = {
      streams: { ...streamPaths(this.config), sse: webserver.sse_url },
      tokens_required: this.admission.tokens.areRequired,
      api: webserver.api_enabled,
    };
    sendJson(response, 200, JSON.stringify(answer));
  }

  /** @throws ApiError (`API_DASHBOARD_NOT_BUILT`) */
  private async send(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { document } = this.built;
    response.appendHeader('Vary', 'Accept');
    await document.send(request, response, { ...SECURITY_HEADERS, 'Cache-Control': 'no-cache' });
  }

  /** @throws ApiError (`API_DASHBOARD_NOT_BUILT`) */
  private get built(): PageFiles {
    if (this.files !== undefined) return this.files;
    throw new ApiError('API_DASHBOARD_NOT_BUILT', 503, 'the dashboard is not built; run npm run build');
  }
}
