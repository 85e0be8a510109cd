import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { REFUSAL_REASONS, refusalCode } from '../web/refusal.js';
import { CertstreamError } from './certstream-error.js';

const SOURCE = join(import.meta.dirname, '..');
const documentation = readFileSync(join(SOURCE, '../docs/errors.md'), 'utf8');
/** First column of the tables. */
const documented = new Set([...documentation.matchAll(/^\| `([^`]+)`/gm)].map(([, code]) => code));

const sources = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => ({ name, text: readFileSync(join(SOURCE, name), 'utf8') }));

/** Names that look like codes but are not. */
const NO_CODES = new Set(['CLI_DIST', 'CLUSTER_AUTHORIZATION_FAILED', 'CT_CORPUS_DIR', 'TREE_HEAD']);

/** Codes and the files that contain them: in quotes, or in backticks if a comment names a code that is built at run time. */
function codesOfSources(): Map<string, string> {
  const codes = new Map<string, string>();
  for (const { name, text } of sources) {
    for (const [, code] of text.matchAll(
      /['`]((?:API|CLI|CLUSTER|CONFIG|CONTRIBUTION|CONTROL|CT|FILTER|JOURNAL|METRICS|OUTPUT|SIMULATOR|TELEMETRY|WEB)_[A-Z][A-Z0-9_]*)['`]/g,
    )) {
      codes.set(code, name);
    }
    for (const [, code] of text.matchAll(/(?:Error|super)\(\s*'([A-Z][A-Z0-9]*_[A-Z0-9_]+)'/g))
      codes.set(code, name);
  }
  for (const code of NO_CODES) codes.delete(code);
  return codes;
}

describe('docs/errors.md', () => {
  it('lists every code of the sources', () => {
    const missing = [...codesOfSources()].filter(([code]) => !documented.has(code));
    expect(missing.map(([code, file]) => `${code} (src/${file}) is missing in docs/errors.md`)).toEqual([]);
  });

  it('lists no code that is not in the sources', () => {
    const codes = codesOfSources();
    const gone = [...documented].filter((code) => /^[A-Z]/.test(code) && !codes.has(code));
    expect(gone.map((code) => `${code} of docs/errors.md is not in src`)).toEqual([]);
  });

  it('lists the code of every refusal of a page', () => {
    const closedOnly = ['PIPELINED_REQUESTS', 'CLIENT_FRAMES', 'CLIENT_BYTES'];
    const codes = REFUSAL_REASONS.map(refusalCode).filter((code) => !closedOnly.includes(code));
    expect(codes.filter((code) => !documentation.includes(`\`${code}\``))).toEqual([]);
  });

  it('lists every value of parse_error', () => {
    const text = sources
      .filter(({ name }) => /^certificate[/\\]/.test(name))
      .map((source) => source.text)
      .join('');
    const values = new Set(
      [...text.matchAll(/'((?:malformed|mismatched|missing|oversized|unknown)_[a-z_]+)'/g)].map(
        ([, value]) => value,
      ),
    );
    expect(values.size).toBeGreaterThan(5);
    expect([...values].filter((value) => !documented.has(value))).toEqual([]);
    const gone = [...documented].filter((value) => /^[a-z]/.test(value) && !values.has(value));
    expect(gone).toEqual([]);
  });
});

describe('CertstreamError', () => {
  it('has the code, the cause and the name of its class', () => {
    class ListError extends CertstreamError {}
    const cause = new Error('x');
    expect(new ListError('CT_X', 'message', { cause })).toMatchObject({
      name: 'ListError',
      code: 'CT_X',
      cause,
    });
  });
});
