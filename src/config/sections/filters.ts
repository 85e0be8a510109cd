import { z } from 'zod';

import { integer } from '../field-types.js';

const terms = () => integer(1, 1_000_000);

/** Bounds of the filters that clients may ask for. */
export const filtersSection = z
  .strictObject({
    max_terms: terms()
      .default(1000)
      .describe('Most terms in one field of a filter in a query. `limits.max_header_bytes` bounds them too.'),
    max_terms_in_json: terms()
      .default(100_000)
      .describe('Most terms in one field of a filter that a client sends in a message, or that a token has.'),
    max_expressions: integer(0, 1000)
      .default(20)
      .describe('Most expressions in `regex` and `exclude_regex` of one filter together. 0: no expressions.'),
    max_filter_bytes: integer(1024, 1_073_741_824)
      .default(4_194_304)
      .describe('Most octets that the terms of one filter may have.'),
    max_bytes: integer(65_536, 17_179_869_184)
      .default(134_217_728)
      .describe(
        'Most octets that the terms of all filters of one stream may have; equal filters count once. The server needs about ten times as much memory for them. More filters are refused.',
      ),
  })
  .describe('Bounds of the filters of clients, see [consumers.md](consumers.md).');
