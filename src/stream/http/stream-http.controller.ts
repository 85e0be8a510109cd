import { Controller, Inject, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import { cursorAt } from '../../feed/cursor.js';
import { ENTRY_JOURNAL, type EntryJournal } from '../../feed/journal/entry-journal.js';
import { ApiError } from '../../web/api-error.js';
import { ApiErrorFilter } from '../../web/api-error.filter.js';
import { RequiresStream } from '../../web/auth/route-access.js';
import { FixedRoute } from '../../web/fixed-routes.js';
import { sendError, sendJson } from '../../web/json-response.js';
import { Documented, FORMAT_QUERY, type PageDoc, type ParameterDoc } from '../../web/page-doc.js';
import { FILTER_FIELDS } from '../../filter/filter-terms.js';
import { type StreamOptions, StreamRequestError } from '../subscription/stream-options.js';
import { streamPaths } from '../subscription/stream-paths.js';
import { requestErrorBody, StreamRequests } from '../subscription/stream-requests.js';
import { EntrySearch } from './entry-search.js';
import { messageList, RECENT_ENTRIES, RecentEntries } from './recent-entries.js';

const FILTER_QUERY: Readonly<Record<string, ParameterDoc>> = {
  ...FORMAT_QUERY,
  ...Object.fromEntries(
    FILTER_FIELDS.map((field) => [field, { description: 'Field of the filter (docs/consumers.md).' }]),
  ),
};
const EXAMPLE_ERRORS: PageDoc['errors'] = {
  400: 'A parameter is not valid.',
  404: 'No kept entry matches the filter.',
};

const Stream = (kind: StreamKind): MethodDecorator =>
  combined(
    FixedRoute((config) => [streamPaths(config)[kind]], { cors: false }),
    RequiresStream(kind),
    Documented({
      summary: `The ${kind} stream over WebSocket; /asyncapi.json describes it. Plain HTTP is answered with 426.`,
      query: FORMAT_QUERY,
      errors: { 400: 'A parameter is not valid.', 426: 'The path serves WebSocket.' },
    }),
  );

/** @param more paths of the same page. */
const Example = (kind: StreamKind, schema: string, ...more: readonly string[]): MethodDecorator =>
  combined(
    FixedRoute((config) => {
      const base = streamPaths(config)[kind];
      return [`${base === '/' ? '' : base}/example.json`, ...more];
    }),
    RequiresStream(kind),
    Documented({
      summary: `The newest message of the ${kind} stream that matches the filter.`,
      query: FILTER_QUERY,
      answers: { json: [schema] },
      errors: EXAMPLE_ERRORS,
    }),
  );

function combined(...decorators: readonly MethodDecorator[]): MethodDecorator {
  return (target, name, descriptor) => {
    for (const decorate of decorators) decorate(target, name, descriptor);
  };
}

/**
 * Plain HTTP on the configured paths of the streams: `<path>/example.json`, `/example.json` and `/latest.json`, and on the paths
 * themselves the answer that they need WebSocket. `X-Certstream-Cursor` is the place after the newest kept entry.
 */
@Controller()
@UseFilters(ApiErrorFilter)
export class StreamHttpController {
  constructor(
    private readonly recent: RecentEntries,
    private readonly requests: StreamRequests,
    private readonly search: EntrySearch,
    @Inject(ENTRY_JOURNAL) private readonly journal: EntryJournal,
  ) {}

  @FixedRoute(() => ['/latest.json'])
  @RequiresStream('lite')
  @Documented({
    summary: `The newest lite messages that match the filter, newest first, at most ${RECENT_ENTRIES}.`,
    query: FILTER_QUERY,
    answers: { json: ['latest'] },
    errors: EXAMPLE_ERRORS,
  })
  async latest(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.answer(request, response, async ({ dialect, filter }) =>
      filter === undefined
        ? this.recent.latest(dialect)
        : messageList(await this.matching('lite', { dialect, filter }, RECENT_ENTRIES)),
    );
  }

  @Example('full', 'certificate_update.full')
  fullExample(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.example('full', request, response);
  }

  @Example('domains', 'dns_entries')
  domainsExample(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.example('domains', request, response);
  }

  /** Last, since `/example.json` is that of another stream where this one is served at `/`. */
  @Example('lite', 'certificate_update.lite', '/example.json')
  liteExample(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.example('lite', request, response);
  }

  @Stream('lite')
  lite(@Req() request: Request, @Res() response: Response): void {
    if (this.optionsOf(request, response) === undefined) return;
    // Load balancers probe the path of a stream with HEAD.
    if (request.method === 'HEAD') sendJson(response, 200, '');
    else sendUpgradeRequired(response);
  }

  @Stream('full')
  full(@Req() request: Request, @Res() response: Response): void {
    this.lite(request, response);
  }

  @Stream('domains')
  domains(@Req() request: Request, @Res() response: Response): void {
    this.lite(request, response);
  }

  private async example(kind: StreamKind, request: Request, response: Response): Promise<void> {
    await this.answer(request, response, async ({ dialect, filter }) =>
      filter === undefined
        ? this.recent.newest(kind, dialect)
        : (await this.matching(kind, { dialect, filter }, 1))[0],
    );
  }

  /** @throws ApiError (`API_NO_ENTRY`, `API_NO_MATCH`) */
  private async answer(
    request: Request,
    response: Response,
    textOf: (options: StreamOptions) => Promise<Buffer | undefined>,
  ): Promise<void> {
    const options = this.optionsOf(request, response);
    if (options === undefined) return;
    const { end } = this.recent;
    const text = await textOf(options);
    const cursor = end && { 'X-Certstream-Cursor': cursorAt(this.journal, end) };
    if (text !== undefined) return sendJson(response, 200, text, cursor);
    if (this.recent.newest('domains', 'go') !== undefined && options.filter !== undefined)
      throw new ApiError('API_NO_MATCH', 404, 'none of the newest kept entries matches the filter', cursor);
    throw new ApiError('API_NO_ENTRY', 503, 'no entry has been received yet', { 'Retry-After': 5 });
  }

  /** Returns the newest messages that match: of the kept entries, or else of the journal. */
  private async matching(
    kind: StreamKind,
    { dialect, filter }: Required<Pick<StreamOptions, 'dialect' | 'filter'>>,
    limit: number,
  ): Promise<readonly Buffer[]> {
    return this.search.with(filter, async (single) => {
      const kept = this.recent.matching(single, kind, dialect);
      if (kept.length > 0) return kept;
      const found = await this.search.find(single, limit);
      return found.map((entry) => Buffer.from(entry.json(kind, dialect).trimEnd()));
    });
  }

  /** The options of the request; undefined after the answer to a mistaken one. */
  private optionsOf(request: Request, response: Response): StreamOptions | undefined {
    try {
      return this.requests.optionsOf(request);
    } catch (error) {
      if (!(error instanceof StreamRequestError)) throw error;
      sendJson(response, 400, JSON.stringify(requestErrorBody(error)));
      return undefined;
    }
  }
}

function sendUpgradeRequired(response: Response): void {
  sendError(response, 426, 'this is a WebSocket stream; example.json below this path shows one message', {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
  });
}
