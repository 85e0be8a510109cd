import { z } from 'zod';

import { isNameText } from './field-types.js';

/** `value` is any other YAML value, in sections of other modules. */
export type KeyType = 'text' | 'number' | 'switch' | 'choice' | 'texts' | 'objects' | 'value';

/** One key of the configuration that has a value, read from a schema. */
export interface ConfigKey {
  readonly path: readonly string[];
  /** `webserver.listen_port`; for {@link fields}, the part within the entry. */
  readonly name: string;
  /** `CERTSTREAM_WEBSERVER_LISTEN_PORT` */
  readonly variable: string;
  readonly type: KeyType;
  readonly choices?: readonly string[];
  /** For type `texts`: whether entries may contain spaces, so that only commas and line ends separate them. */
  readonly hasSpaces?: boolean;
  /** undefined if a value is required */
  readonly default: unknown;
  readonly description: string;
  /** For type `objects`: the keys of each entry. The path of a key within a mapping of the entry has several parts. */
  readonly fields?: readonly ConfigKey[];
  /** For entries of several kinds: the value of `type` and the keys of each kind; {@link fields} has all of them. */
  readonly kinds?: readonly ConfigKind[];
}

export interface ConfigKind {
  readonly name: string;
  readonly fields: readonly ConfigKey[];
}

/** A mapping that contains other keys. */
export interface ConfigSection {
  readonly path: readonly string[];
  readonly description: string;
  /** Whether the mapping itself has a meaning, so that leaving it out differs from an empty one. */
  readonly isOptional: boolean;
}

interface Unwrapped {
  readonly inner: z.core.$ZodType;
  readonly default: unknown;
  readonly description: string;
  readonly isOptional: boolean;
}

function unwrap(schema: z.core.$ZodType): Unwrapped {
  let inner = schema;
  let fallback: unknown;
  let description = '';
  let isOptional = false;
  for (;;) {
    description ||= (inner as z.ZodType).description ?? '';
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      if (inner instanceof z.ZodDefault) fallback = inner.def.defaultValue;
      inner = inner.def.innerType;
    } else if (inner instanceof z.ZodOptional) {
      isOptional = true;
      inner = inner.def.innerType;
    } else {
      return { inner, default: fallback, description, isOptional };
    }
  }
}

function typeOf(
  schema: z.core.$ZodType,
): Pick<ConfigKey, 'type' | 'choices' | 'hasSpaces' | 'fields' | 'kinds'> {
  if (schema instanceof z.ZodLiteral) return { type: 'choice', choices: [...schema.values].map(String) };
  if (schema instanceof z.ZodString) return { type: 'text' };
  if (schema instanceof z.ZodNumber) return { type: 'number' };
  if (schema instanceof z.ZodBoolean) return { type: 'switch' };
  if (schema instanceof z.ZodEnum) return { type: 'choice', choices: schema.options.map(String) };
  if (schema instanceof z.ZodArray) {
    const item = schema.def.element;
    if (item instanceof z.ZodString) return { type: 'texts', hasSpaces: isNameText(item) };
    if (item instanceof z.ZodEnum) return { type: 'texts', choices: item.options.map(String) };
    if (item instanceof z.ZodObject) return { type: 'objects', fields: fieldsOf(item) };
    if (item instanceof z.ZodDiscriminatedUnion) return { type: 'objects', ...kindsOf(item) };
  }
  return { type: 'value' };
}

function keyOf(path: readonly string[], schema: z.core.$ZodType): ConfigKey {
  const { inner, default: fallback, description } = unwrap(schema);
  return {
    path,
    name: path.join('.'),
    variable: variableOf(path),
    ...typeOf(inner),
    default: fallback,
    description,
  };
}

function fieldsOf(item: z.ZodObject): readonly ConfigKey[] {
  return keysOf(item).keys;
}

function kindsOf(union: z.ZodDiscriminatedUnion): Required<Pick<ConfigKey, 'fields' | 'kinds'>> {
  const kinds = union.options.map((option) => {
    const fields = fieldsOf(option as z.ZodObject);
    const type = fields.find(({ name }) => name === union.def.discriminator)!;
    return { name: type.choices![0], fields };
  });
  const all = new Map<string, ConfigKey>();
  for (const field of kinds.flatMap(({ fields }) => fields)) {
    const { choices = [] } = all.get(field.name) ?? {};
    const both = new Set([...choices, ...(field.choices ?? [])]);
    all.set(field.name, both.size > 0 ? { ...field, choices: [...both] } : field);
  }
  return { fields: [...all.values()], kinds };
}

function walk(
  path: readonly string[],
  schema: z.core.$ZodType,
  keys: ConfigKey[],
  sections: ConfigSection[],
): void {
  const { inner, description, isOptional } = unwrap(schema);
  if (!(inner instanceof z.ZodObject)) {
    keys.push(keyOf(path, schema));
    return;
  }
  if (path.length > 0) sections.push({ path, description, isOptional });
  for (const [name, child] of Object.entries(inner.shape)) walk([...path, name], child, keys, sections);
}

/** Name of the variable of a key: `CERTSTREAM_<SECTION>_<KEY>`, with every outer section. */
export function variableOf(path: readonly string[]): string {
  return ['CERTSTREAM', ...path].join('_').toUpperCase();
}

/** Returns all keys of a schema in its order, and all sections, outer before inner. */
export function keysOf(schema: z.ZodObject): {
  keys: readonly ConfigKey[];
  sections: readonly ConfigSection[];
} {
  const keys: ConfigKey[] = [];
  const sections: ConfigSection[] = [];
  walk([], schema, keys, sections);
  return { keys, sections };
}
