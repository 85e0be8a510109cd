import { z } from 'zod';

import { choice, entryFilter, flag, integer, text, tokenName } from '../../field-types.js';

/** The keys that every output has. */
export const commonKeys = {
  name: tokenName().describe(
    'Name of the output, for its position, the log and the metrics. Each output needs its own name; a new name begins at the newest entry.',
  ),
  enabled: flag().default(true).describe('Whether entries are delivered to this output.'),
  required: flag()
    .default(false)
    .describe('Whether `/readyz` fails while this output has failed for a minute.'),
  stream: choice(['lite', 'full', 'domains'])
    .default('lite')
    .describe('The messages to deliver: those of the lite, full or domains-only stream.'),
  format: choice(['go', 'calidog']).default('go').describe('The dialect of the messages, as `?format=`.'),
  enrich: flag().default(false).describe('Whether messages have the fields of `?enrich=1`.'),
  unique: flag()
    .default(false)
    .describe(
      'Whether each certificate is delivered once, as with `?unique=1`. After a restart it may be delivered once more.',
    ),
  filter: entryFilter()
    .default({})
    .describe(
      'The entries to deliver, such as `{domain: [example.com]}`; {} for all. See docs/consumers.md, "Filters".',
    ),
  timeout_seconds: integer(1, 3600)
    .default(30)
    .describe(
      'Time limit for one delivery, or for each 4 MiB of a larger one. The delivery is then repeated over a new connection.',
    ),
  dead_letter_file: text()
    .default('')
    .describe(
      'File for messages that the other side refuses for good, because they are too large. Empty: `<name>.dead-letters.jsonl` in `journal.path`.',
    ),
  dead_letter_max_mb: integer(1, 1_000_000)
    .default(100)
    .describe(
      'Most MiB of this file and the one before it, `<dead_letter_file>.1`, together. Then the oldest messages are removed.',
    ),
};

/** Keys for a secret: its text, a file that contains it, or an environment variable. */
export function secretKeys<const Name extends string>(name: Name, meaning: string) {
  return {
    // The message does not show the value.
    [name]: z
      .string('is not a text; put it into quotes')
      .default('')
      .describe(`${meaning} It can also be in a file or in a variable.`),
    [`${name}_file`]: text()
      .default('')
      .describe(`File that contains the ${name.replaceAll('_', ' ')}; white space at its end is ignored.`),
    [`${name}_env`]: text()
      .default('')
      .describe(`Environment variable that contains the ${name.replaceAll('_', ' ')}.`),
  } as Record<Name | `${Name}_file` | `${Name}_env`, z.ZodDefault<z.ZodString>>;
}

export const tlsKeys = z
  .strictObject({
    ca: text().default('').describe('PEM file of the certificate authorities. Empty: those of Node.'),
    cert: text().default('').describe('PEM file of the client certificate, if the other side asks for one.'),
    key: text().default('').describe('PEM file of its key.'),
    server_name: text()
      .default('')
      .describe('Name that the certificate of the other side must have. Empty: its host name.'),
  })
  .optional()
  .describe(
    'TLS. Without this mapping, connections are not encrypted; `{}` uses the certificate authorities of Node.',
  );
