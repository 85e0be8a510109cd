import { z } from 'zod';

import { amount, choice, integer, list } from '../field-types.js';
import { filtersSection } from './filters.js';

/** What the server does when the queue of a client is full. */
const SLOW_CLIENT_POLICIES = ['drop', 'close', 'block'] as const;

export const streamSection = z
  .strictObject({
    max_batch_delay_ms: integer(0, 1000)
      .default(20)
      .describe(
        'Longest time in milliseconds that messages wait under load, so that the server can send them together. On a quiet stream messages do not wait. 0: messages never wait.',
      ),
    max_buffered_bytes: integer(65_536, 1_073_741_824)
      .default(16_777_216)
      .describe(
        'Most bytes that may wait for one client, in addition to the newest batch of messages. `general.buffer_sizes.websocket` bounds the number of messages.',
      ),
    slow_client: choice(SLOW_CLIENT_POLICIES)
      .default('drop')
      .describe(
        'What the server does when the queue of a client is full. `drop`: drop messages of the log that has most waiting, oldest first. `close`: close the connection. `block`: let all logs wait for the client.',
      ),
    slow_client_choices: list(choice(SLOW_CLIENT_POLICIES))
      .default(['drop', 'close'])
      .describe(
        'Values that clients may choose with `?slow=`; the value of `slow_client` is always allowed. Allow `block` only if you trust every client: one client that reads slowly holds up all logs.',
      ),
    max_block_seconds: amount(0.1, 600)
      .default(10)
      .describe(
        'Longest time in seconds that one client may let the logs wait; after that, its messages are dropped as with `drop`.',
      ),
    restart_grace_seconds: amount(0, 600)
      .default(10)
      .describe(
        'After a restart that continues at saved positions, the logs wait this many seconds, or until as many clients are connected as before the restart, so that clients that reconnect miss nothing. 0: off.',
      ),
    unique_window_mb: integer(1, 1024)
      .default(32)
      .describe(
        'Memory in MiB for the certificates that clients with `?unique=1` do not get again, 16 bytes each, so 32 are enough for about two million. It is used only while such a client is connected. A certificate that is forgotten is sent again.',
      ),
    heartbeat_seconds: amount(0, 3600)
      .default(0)
      .describe(
        'Seconds between two heartbeat messages, as the old Python server sent them. Some old clients need less than 15 seconds. 0: no heartbeats.',
      ),
    heartbeat_streams: list(choice(['full', 'lite', 'domains']))
      .default(['full', 'lite'])
      .describe(
        'Streams that carry heartbeats. At least one known client of the domains-only stream fails on heartbeats.',
      ),
    filters: filtersSection.prefault({}),
    max_request_bytes: integer(1024, 16_777_216)
      .default(1_048_576)
      .describe(
        'Longest message in bytes with which a client that connected with `?events=1` changes its filter. Other clients may send `webserver.limits.max_message_bytes`.',
      ),
  })
  .describe('How the server sends messages to clients, and how it treats slow clients.');

/** What the server does when the queue of a client is full. */
export type SlowClientPolicy = (typeof SLOW_CLIENT_POLICIES)[number];
