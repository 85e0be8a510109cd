import type { MountedPage } from '../../web/fixed-routes.js';
import { pageDocOf, type PageDoc, type ParameterDoc } from '../../web/page-doc.js';
import { componentSchemas } from './schema-documents.js';

/** What the documents say about the server. */
export interface DocumentOptions {
  readonly version: string;
  readonly needsToken: boolean;
}

/** Errors of every page. */
const COMMON_ERRORS: Readonly<Record<number, string>> = {
  401: 'The access token is missing or unknown.',
  403: 'The address is not on the whitelist, or the access token does not open the data.',
  405: 'The page knows GET and HEAD only.',
  429: 'Too many requests from this address.',
  503: 'The server cannot answer now.',
};

/** Returns the OpenAPI 3.1 description of all pages of this server. */
export function openApi(pages: readonly MountedPage[], { version, needsToken }: DocumentOptions): object {
  const paths: Record<string, object> = {};
  for (const { paths: own, handler } of pages) {
    const doc = pageDocOf(handler);
    if (doc === undefined) continue;
    for (const path of own) paths[path.replaceAll(/:(\w+)/g, '{$1}')] ??= { get: operation(doc, path) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'certstream-server-nest',
      version,
      description: 'HTTP pages. /asyncapi.json describes the streams. HEAD is accepted wherever GET is.',
    },
    ...(needsToken && { security: [{ bearer: [] }, { query: [] }] }),
    paths,
    components: {
      schemas: componentSchemas(),
      ...(needsToken && { securitySchemes: SECURITY_SCHEMES }),
    },
  };
}

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer' },
  query: { type: 'apiKey', in: 'query', name: 'token' },
};

function operation(doc: PageDoc, path: string): object {
  const parameters = [
    ...Object.entries(doc.path ?? {})
      .filter(([name]) => path.includes(`:${name}`))
      .map(([name, parameter]) => ({ ...parameterOf(name, parameter, 'path'), required: true })),
    ...Object.entries(doc.query ?? {}).map(([name, parameter]) => parameterOf(name, parameter, 'query')),
  ];
  const errors = { ...COMMON_ERRORS, ...doc.errors };
  return {
    summary: doc.summary,
    ...(parameters.length > 0 && { parameters }),
    responses: {
      ...(doc.answers !== undefined && { 200: { description: 'OK', content: contentOf(doc.answers) } }),
      ...Object.fromEntries(
        Object.entries(errors).map(([status, description]) => [
          status,
          { description, content: { 'application/json': { schema: reference('error_body') } } },
        ]),
      ),
    },
  };
}

function contentOf({ json = [], others = {} }: NonNullable<PageDoc['answers']>): object {
  const schemas = json.map(reference);
  return {
    ...(schemas.length > 0 && {
      'application/json': { schema: schemas.length === 1 ? schemas[0] : { anyOf: schemas } },
    }),
    ...Object.fromEntries(
      Object.entries(others).map(([type, description]) => [
        type,
        { schema: { type: type === 'application/json' ? 'object' : 'string', description } },
      ]),
    ),
  };
}

function parameterOf(
  name: string,
  { description, values, pattern }: ParameterDoc,
  place: 'path' | 'query',
): object {
  const schema = {
    type: 'string',
    ...(values && { enum: values }),
    ...(pattern !== undefined && { pattern }),
  };
  return { name, in: place, description, schema };
}

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}
