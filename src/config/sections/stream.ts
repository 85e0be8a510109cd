import { z } from 'zod';

import { amount, choice, integer, list } from '../field-types.js';

/** What happens when the queue of a client is full. */
export const SLOW_CLIENT_POLICIES = ['drop', 'close', 'block'] as const;

export const streamSection = z
  .strictObject({
    max_batch_delay_ms: integer(0, 1000)
      .default(20)
      .describe(
        'Milliseconds that messages may wait under load to be sent together; on a quiet stream they do not wait. 0: never.',
      ),
    max_buffered_bytes: integer(65_536, 1_073_741_824)
      .default(16_777_216)
      .describe(
        'Bytes that may wait for one client besides the messages that came last, and no more messages than general.buffer_sizes.websocket.',
      ),
    slow_client: choice(SLOW_CLIENT_POLICIES)
      .default('drop')
      .describe(
        'When the queue of a client is full: drop messages of the log that has most waiting, oldest first, close its connection, or block, that is let all logs wait for it.',
      ),
    slow_client_choices: list(choice(SLOW_CLIENT_POLICIES))
      .default(['drop', 'close'])
      .describe(
        'What clients may choose instead with `?slow=`; slow_client itself is always allowed. `block` only where every client is trusted: one that reads little holds up all logs.',
      ),
    max_block_seconds: amount(0.1, 600)
      .default(10)
      .describe('How long one client may let the logs wait; then its connection is treated as with drop.'),
    heartbeat_seconds: amount(0, 3600)
      .default(0)
      .describe(
        'Seconds between two heartbeat messages, as the old Python server sent them; 0 for none. Some old clients need them below 15.',
      ),
    heartbeat_streams: list(choice(['full', 'lite', 'domains']))
      .default(['full', 'lite'])
      .describe('Streams with heartbeats. On the domains-only stream a known client fails on them.'),
  })
  .describe('How messages are handed to clients, and what becomes of slow ones.');

/** What happens when the queue of a client is full. */
export type SlowClientPolicy = (typeof SLOW_CLIENT_POLICIES)[number];
