import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { eventSchemas } from './event-schemas.js';
import { messageSchemas } from './message-schemas.js';
import { pageSchemas } from './page-schemas.js';

const TOP = join(import.meta.dirname, '../../..');
const MESSAGES: Readonly<Record<string, z.ZodType>> = { ...messageSchemas, ...eventSchemas };
/** Schemas of the answers that the documents show, by the path of the page. */
const ANSWERS: Readonly<Record<string, z.ZodType>> = {
  '/api/cert/12': pageSchemas.error_body,
  '/api/outputs': pageSchemas.outputs,
  '/api/stats': pageSchemas.stats,
};

interface Example {
  readonly where: string;
  readonly text: string;
  readonly schema: z.ZodType | undefined;
}

const pages = ['README.md', ...readdirSync(join(TOP, 'docs')).map((name) => `docs/${name}`)]
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, text: readFileSync(join(TOP, path), 'utf8') }));

/** The messages in the documents, apart from outlines such as `{"data":{..}}`. */
const messages = pages.flatMap(({ path, text }): Example[] =>
  [...text.matchAll(/\{"(?:message_type|data)":[^`\n]*\}/g)]
    .map(([found]) => found)
    .filter((found) => !/[:[{](\.\.|…)/.test(found))
    .map((found) => {
      const [, type = ''] = /"message_type":"(\w+)"/.exec(found) ?? [];
      return { where: `${path}: ${found}`, text: found, schema: MESSAGES[type] };
    }),
);

/** The answers of pages in the documents. */
const answers = pages.flatMap(({ path, text }): Example[] =>
  [...text.matchAll(/^\$ curl -s http:\/\/127\.0\.0\.1:8080(\S+)\n(.*)$/gm)].map(([, page, answer]) => ({
    where: `${path}: ${page}`,
    text: answer,
    schema: ANSWERS[page],
  })),
);

describe('the documents', () => {
  it('show messages and answers', () => {
    expect(messages.length).toBeGreaterThan(8);
    expect(answers.length).toBe(Object.keys(ANSWERS).length);
  });

  it.each([...messages, ...answers])('show what the server sends: $where', ({ text, schema }) => {
    expect(schema).toBeDefined();
    // A key that the schema does not know may be a mistake too.
    const value: unknown = JSON.parse(text);
    expect(schema!.parse(value)).toEqual(value);
  });
});
