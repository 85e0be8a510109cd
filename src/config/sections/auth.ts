import { z } from 'zod';

import { accessToken, choice, entryFilter, integer, list, sha256Digest, tokenName } from '../field-types.js';

/** Names of the streams in `auth.tokens`. */
const PROTECTED_STREAMS = ['full', 'lite', 'domains-only'] as const;

const token = z
  .strictObject({
    name: tokenName().describe(
      'Name of the holder of the token, for the log. Each token needs its own name.',
    ),
    token: accessToken()
      .default('')
      .describe(
        'The secret itself: letters, digits and `- . _ ~ + /`, with `=` only at the end. Use at least 16 characters.',
      ),
    token_sha256: sha256Digest()
      .default('')
      .describe(
        'SHA-256 of the token in hexadecimal, in place of `token`, as `printf %s "$TOKEN" | sha256sum` prints it.',
      ),
    streams: list(choice(PROTECTED_STREAMS))
      .min(1, 'is empty: the token would open nothing; name a stream, or remove the key to open all streams')
      .default([...PROTECTED_STREAMS])
      .describe('Streams that the token opens, with their example pages.'),
    filter: entryFilter()
      .default({})
      .describe(
        'Filter that the clients with this token cannot leave, such as `{domain: [example.com]}`; they may add one of their own. See docs/consumers.md, "Filters".',
      ),
    max_connections: integer(0, 1_000_000)
      .default(0)
      .describe('WebSocket clients with this token at the same time; more get 429. 0: no limit.'),
  })
  .refine((value) => (value.token === '') !== (value.token_sha256 === ''), {
    error: 'needs either a token or a token_sha256',
  });

export const authSection = z
  .strictObject({
    tokens: z
      .array(token, 'is not a list; write one entry per line, each after a dash, or [] for none')
      .default([])
      .describe(
        'Every client must send one of these tokens, as `Authorization: Bearer`, as `?token=`, or in browsers as a subprotocol. Empty: no token is needed.',
      ),
  })
  .describe(
    'Access tokens for the web listener. They protect the streams, their example pages and all other pages except `/healthz`, `/health`, `/readyz`, the metrics, which have their own whitelist, and the dashboard without its data.',
  );
