import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSystem } from '../../src/testing/test-system.js';

/** A folder with the validators of other makers: API_VALIDATORS, or the one that `.ci/run` makes. */
const CACHE = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const FOLDER = process.env['API_VALIDATORS'] ?? join(CACHE, 'certstream-server-nest', 'api-validators');
const PACKAGES = ['@seriousme/openapi-schema-validator', '@asyncapi/parser'];
const require = createRequire(join(FOLDER, 'package.json'));

function areInstalled(): boolean {
  try {
    return PACKAGES.every((name) => require.resolve(name) !== '');
  } catch {
    return false;
  }
}

const hasValidators = areInstalled();
if (!hasValidators) {
  console.warn(
    `SKIPPED test/long/api-document-validators.test.ts: the validators are not installed. Run ` +
      `"npm install --ignore-scripts --prefix ${FOLDER} ${PACKAGES.join(' ')}"`,
  );
}

interface OpenApiValidator {
  validate(document: object): Promise<{ valid: boolean; errors?: unknown }>;
  readonly version: string;
}

interface AsyncApiParser {
  parse(text: string): Promise<{ document?: object; diagnostics: Diagnostic[] }>;
}

interface Diagnostic {
  readonly code: string | number;
  readonly message: string;
  readonly path: readonly (string | number)[];
  /** 0: error, 1: warning, 2: information. */
  readonly severity: number;
}

/** Notes of the parser that are no mistakes: a newer version of AsyncAPI exists, and documents with tags, contacts and licences are nicer. */
const INFORMATION = 2;

describe.skipIf(!hasValidators).each([
  ['without tokens', {}],
  ['with tokens', { auth: { tokens: [{ name: 'test', token: 'api-validators-0123456789' }] } }],
])('the documents of a server %s', (_name, config) => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await TestSystem.start({ logs: [{ name: 'log' }], config });
  });
  afterAll(() => system?.close());

  const documentOf = async (path: string): Promise<object> => {
    const headers = { Authorization: 'Bearer api-validators-0123456789' };
    return (await (await system.get(path, { headers })).json()) as object;
  };

  it('/openapi.json is valid OpenAPI 3.1', async () => {
    const { Validator } = require('@seriousme/openapi-schema-validator') as {
      Validator: new () => OpenApiValidator;
    };
    const validator = new Validator();
    const { valid, errors } = await validator.validate(await documentOf('/openapi.json'));
    expect({ valid, errors, version: validator.version }).toEqual({
      valid: true,
      errors: undefined,
      version: '3.1',
    });
  });

  it('/asyncapi.json is valid AsyncAPI 3.0', async () => {
    const { Parser } = require('@asyncapi/parser') as { Parser: new () => AsyncApiParser };
    const { document, diagnostics } = await new Parser().parse(
      JSON.stringify(await documentOf('/asyncapi.json')),
    );
    const mistakes = diagnostics.filter(({ severity }) => severity < INFORMATION);
    expect(mistakes.map(({ code, message, path }) => `${path.join('.')}: ${code}: ${message}`)).toEqual([]);
    expect(document).toBeDefined();
  });
});
