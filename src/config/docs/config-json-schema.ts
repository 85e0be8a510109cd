import { z } from 'zod';

import { configSchema } from '../config-schema.js';
import { RENAMED_KEYS } from '../go-names.js';
import { BROKER_SECTIONS } from '../go-outputs.js';

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  [keyword: string]: unknown;
}

/** Text of `docs/config.schema.json`: a JSON Schema of the configuration file for editors, older names included. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema;
  for (const { path, now } of RENAMED_KEYS) {
    let parent: JsonSchema = schema;
    for (const part of path.slice(0, -1)) parent = parent.properties![part];
    parent.properties![path.at(-1)!] = {
      ...parent.properties![now],
      deprecated: true,
      description: `Older name of ${now}.`,
    };
  }
  for (const section of BROKER_SECTIONS) {
    schema.properties![section] = {
      deprecated: true,
      description: 'Outputs of the Go server to Kafka and NSQ. They are added to `outputs`.',
    };
  }
  return `${JSON.stringify({ ...schema, title: 'Configuration of certstream-server-nest' }, undefined, 2)}\n`;
}
