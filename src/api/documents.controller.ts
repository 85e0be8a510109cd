import { Controller, Inject, Param, Res, UseFilters } from '@nestjs/common';
import type { Response } from 'express';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { packageJson } from '../kernel/package-json.js';
import { streamPaths } from '../stream/subscription/stream-paths.js';
import { Admission } from '../web/admission.js';
import { ApiError } from '../web/api-error.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { FixedRoute, FixedRoutes } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';
import { sendDocument } from './entry-document.js';
import { asyncApi } from './schemas/asyncapi.js';
import { type DocumentOptions, openApi } from './schemas/openapi.js';
import { schemaDocument } from './schemas/schema-documents.js';

/** Serves descriptions for programs: `/openapi.json` of the pages, `/asyncapi.json` of the streams, and a schema of each message. */
@Controller()
@UseFilters(ApiErrorFilter)
export class DocumentsController {
  /** The texts that were requested. A reload changes whether clients need a token, and nothing else of them. */
  private readonly texts = new Map<string, string>();

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    private readonly routes: FixedRoutes,
    private readonly admission: Admission,
  ) {}

  @FixedRoute(() => ['/openapi.json'])
  @Documented({
    summary: 'This description of the HTTP pages (OpenAPI 3.1).',
    answers: { others: { 'application/json': 'An OpenAPI document.' } },
  })
  openApi(@Res() response: Response): void {
    this.send(response, 'openapi', () => openApi(this.routes.pages, this.options()));
  }

  @FixedRoute(() => ['/asyncapi.json'])
  @Documented({
    summary: 'The description of the streams (AsyncAPI 3.0).',
    answers: { others: { 'application/json': 'An AsyncAPI document.' } },
  })
  asyncApi(@Res() response: Response): void {
    const paths = { ...streamPaths(this.config), sse: this.config.webserver.sse_url };
    this.send(response, 'asyncapi', () => asyncApi(paths, this.options()));
  }

  @FixedRoute(() => ['/schemas/:name'])
  @Documented({
    summary: 'A JSON Schema (2020-12) of a message or of the answer of a page.',
    path: { name: { description: 'Name of the schema, followed by `.json`, such as `dns_entries.json`.' } },
    answers: { others: { 'application/json': 'A JSON Schema.' } },
    errors: { 404: 'There is no such schema.' },
  })
  schema(@Param('name') file: string, @Res() response: Response): void {
    const name = file.endsWith('.json') ? file.slice(0, -'.json'.length) : '';
    const schema = schemaDocument(name);
    if (schema === undefined)
      throw new ApiError(
        'API_SCHEMA_UNKNOWN',
        404,
        'there is no such schema; /openapi.json contains all of them',
      );
    this.send(response, `schema ${name}`, () => schema);
  }

  private send(response: Response, key: string, make: () => object): void {
    const name = `${key} ${this.admission.tokens.areRequired}`;
    const text = this.texts.get(name) ?? JSON.stringify(make());
    this.texts.set(name, text);
    sendDocument(response, text);
  }

  private options(): DocumentOptions {
    return { version: packageJson().version, needsToken: this.admission.tokens.areRequired };
  }
}
