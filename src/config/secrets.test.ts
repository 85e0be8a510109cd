import { expect, it } from 'vitest';
import { loadConfig } from './load-config.js';

const LITE = 'lite-token-0123456789';

it.each([
  `[{"name": "x", "token": "${LITE} with spaces"}]`,
  `[{"name": "x", "token": ["${LITE}"]}]`,
  `["${LITE}"]`,
  LITE,
  `[{"name": "x", "token": "${LITE}"`,
  `[{"name": "x", "token_sha256": "${LITE}"}]`,
  `[{"name": "x", "token": "${LITE}", "token_sha256": "${'0'.repeat(64)}"}]`,
  `[{"name": "x", "token": "${LITE}"}, {"name": "y", "token": "${LITE}"}]`,
  `[{"name": "x"}]`,
])('refuses %s without showing the secret', (value) => {
  const load = () => loadConfig({ searchPaths: [], environment: { CERTSTREAM_AUTH_TOKENS: value } });
  expect(load).toThrow(/CERTSTREAM_AUTH_TOKENS/);
  expect(load).toThrow(expect.not.objectContaining({ message: expect.stringContaining(LITE) as string }));
});
