import { type CustomDecorator, SetMetadata } from '@nestjs/common';

const PAGE_DOC = 'certstream:page-doc';

/** A parameter in the path or in the query of a page. */
export interface ParameterDoc {
  readonly description: string;
  /** The allowed values; any text without them. */
  readonly values?: readonly string[];
  /** A regular expression (ECMA-262) that every allowed value matches. */
  readonly pattern?: string;
}

/** Description of a page in `/openapi.json`. */
export interface PageDoc {
  /** One sentence. */
  readonly summary: string;
  /**
   * What the page answers with status 200: names of schemas in `src/api/schemas` for JSON, or `{ type: description }` for other media
   * types and for JSON objects without a schema. Undefined for a page that never answers 200.
   */
  readonly answers?: {
    readonly json?: readonly string[];
    readonly others?: Readonly<Record<string, string>>;
  };
  readonly path?: Readonly<Record<string, ParameterDoc>>;
  readonly query?: Readonly<Record<string, ParameterDoc>>;
  /** Other statuses, with the reason. Those of every page (401, 403, 405, 429, 503) need not be named. */
  readonly errors?: Readonly<Record<number, string>>;
}

/** Describes a `@FixedRoute()` for `/openapi.json`. */
export function Documented(doc: PageDoc): CustomDecorator {
  return SetMetadata<string, PageDoc>(PAGE_DOC, doc);
}

/** Returns the description of a method of a controller. */
export function pageDocOf(handler: object): PageDoc | undefined {
  return Reflect.getMetadata(PAGE_DOC, handler) as PageDoc | undefined;
}

/** The parameter that chooses the dialect of messages. */
export const FORMAT_QUERY: Readonly<Record<string, ParameterDoc>> = {
  format: { description: 'Format of the values.', values: ['go', 'calidog'] },
};
