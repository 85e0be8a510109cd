import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineConfigSection } from './config-namespace.js';
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

it.each(['API_TOKENS', 'PASSWORD'])('hides what CERTSTREAM_BROKER_%s of a module contains', (name) => {
  const schema = z.object({ api_tokens: z.array(z.string()).default([]), password: z.unknown() });
  const load = () =>
    loadConfig({
      searchPaths: [],
      environment: { [`CERTSTREAM_BROKER_${name}`]: `[${LITE}` },
      sections: [defineConfigSection('broker', schema)],
    });
  expect(load).toThrow(`broker.${name.toLowerCase()}: the value is not`);
  expect(load).toThrow(expect.not.objectContaining({ message: expect.stringContaining(LITE) as string }));
});
