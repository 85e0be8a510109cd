import { z } from 'zod';

import { accessToken, choice, integer, list, sha256Digest, tokenName } from '../field-types.js';

/** Names of the streams in `auth.tokens`. */
export const PROTECTED_STREAMS = ['full', 'lite', 'domains-only'] as const;

const token = z
  .strictObject({
    name: tokenName().describe('Who has the token, for the log; each name once.'),
    token: accessToken()
      .default('')
      .describe('The secret itself: letters, digits and `- . _ ~ + /`, `=` at the end. Use at least 16.'),
    token_sha256: sha256Digest()
      .default('')
      .describe(
        'In place of `token`: its SHA-256 in hexadecimal, as `printf %s "$TOKEN" | sha256sum` prints it.',
      ),
    streams: list(choice(PROTECTED_STREAMS))
      .min(1, 'is empty: the token would open nothing; name a stream, or remove the key for all of them')
      .default([...PROTECTED_STREAMS])
      .describe('Streams it opens, with their examples.'),
    max_connections: integer(0, 1_000_000)
      .default(0)
      .describe('WebSocket clients at a time with this token; more get 429. 0: no limit.'),
  })
  .refine((value) => (value.token === '') !== (value.token_sha256 === ''), {
    error: 'needs a token or a token_sha256, one of them',
  });

export const authSection = z
  .strictObject({
    tokens: z
      .array(token, 'is not a list; write one entry per line, each after a dash, or [] for none')
      .default([])
      .describe(
        'Whoever connects needs one of these, as `Authorization: Bearer`, as `?token=`, or in browsers as a subprotocol. Empty: no token is needed.',
      ),
  })
  .describe(
    'Access tokens for the web listener: the streams, their examples and all other pages but `/healthz`, `/readyz` and the metrics, which have their own whitelist.',
  );
