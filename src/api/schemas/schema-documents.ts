import { z } from 'zod';
import { dashboardSchemas } from './dashboard-schemas.js';
import { eventSchemas } from './event-schemas.js';
import { messageSchemas } from './message-schemas.js';
import { pageSchemas } from './page-schemas.js';

/** A JSON Schema (2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ...messageSchemas,
  ...eventSchemas,
  ...pageSchemas,
  ...dashboardSchemas,
};

/** Names of all schemas. */
export const SCHEMA_NAMES: readonly string[] = Object.keys(SCHEMAS);
/** Names of the schemas of messages, in the order of the documentation. */
export const EVENT_NAMES: readonly string[] = Object.keys(eventSchemas);

/**
 * Returns a schema as a document of its own. Objects may have more keys than it names: later versions add keys.
 * @returns undefined for an unknown name.
 */
export function schemaDocument(name: string): JsonSchema | undefined {
  if (!Object.hasOwn(SCHEMAS, name)) return undefined;
  return { ...z.toJSONSchema(SCHEMAS[name], { target: 'draft-2020-12', io: 'input' }), title: name };
}

/** Returns all schemas for a part `components/schemas` of another document. */
export function componentSchemas(): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    SCHEMA_NAMES.map((name) => {
      const { $schema: _, ...schema } = schemaDocument(name)!;
      return [name, schema];
    }),
  );
}
