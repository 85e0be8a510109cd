import { z } from 'zod';

import { ConfigError } from './config-error.js';
import { type ConfigKey, type ConfigSection, type KeyType, keysOf } from './config-keys.js';
import { configSchema } from './config-schema.js';

/** A section of `config.yaml` that a module adds. `defineConfigSection` creates it. */
export interface SectionSchema {
  /** Key of the section in the file. */
  readonly section: string;
  readonly schema: z.ZodObject;
}

/** The schema of a whole configuration, with all its keys and sections. */
export class ConfigLayout {
  readonly schema: z.ZodObject;
  /** In the order of the schema. */
  readonly keys: readonly ConfigKey[];
  /** Outer sections before inner ones. */
  readonly sections: readonly ConfigSection[];
  readonly keyOfVariable: ReadonlyMap<string, ConfigKey>;
  /** Types by the names of the keys. Keys of list entries have no index, as in `auth.tokens.token`. */
  readonly types: ReadonlyMap<string, KeyType>;

  /**
   * @param added sections of modules; they follow the server's own sections.
   * @throws ConfigError (`CONFIG_SECTION`) when two sections or two environment variables have the same name.
   */
  constructor(readonly added: readonly SectionSchema[] = []) {
    const shape: Record<string, z.ZodType> = { ...configSchema.shape };
    for (const { section, schema } of added) {
      if (section in shape) throw taken(`the section ${section} of a module is already defined`);
      shape[section] = schema.prefault({});
    }
    this.schema = z.strictObject(shape);
    const { keys, sections } = keysOf(this.schema);
    this.keys = keys;
    this.sections = sections;
    this.keyOfVariable = new Map(keys.map((key) => [key.variable, key]));
    for (const key of keys) {
      if (this.keyOfVariable.get(key.variable) !== key)
        throw taken(
          `${key.variable} would set both ${key.name} and another key; rename the section of the module`,
        );
    }
    this.types = new Map(
      keys.flatMap((key) => [
        [key.name, key.type] as const,
        ...(key.fields ?? []).map((field) => [`${key.name}.${field.name}`, field.type] as const),
      ]),
    );
  }
}

function taken(problem: string): ConfigError {
  return new ConfigError('CONFIG_SECTION', [problem]);
}

/** The server's own sections. */
export const OWN_LAYOUT = new ConfigLayout();
