import { z } from 'zod';
import { FILTER_FIELDS, type FilterField } from '../../filter/filter-terms.js';
import type {
  CursorMessage,
  ErrorMessage,
  GapMessage,
  HeartbeatMessage,
  LiveMessage,
  StatusMessage,
  SubscribedMessage,
} from '../../stream/subscription/stream-events.js';
import type { All, SameType } from './same-type.js';

const cursor = z
  .string()
  .max(64)
  .regex(/^[\w.~-]+$/)
  .describe('A place in the sequence of all entries, for `since=`. Its form may change.');
const id = z.unknown().optional().describe('The `id` of the request, unchanged.');

type TextField = Exclude<FilterField, 'ca'>;

const terms = Object.fromEntries(
  FILTER_FIELDS.filter((field) => field !== 'ca').map((field) => [field, z.array(z.string()).optional()]),
) as { readonly [Field in TextField]: z.ZodOptional<z.ZodArray<z.ZodString>> };

const filter = z
  .object({ ...terms, ca: z.boolean().optional() })
  .nullable()
  .describe('The filter as the server understood it; null without a filter.');

const subscription = {
  id,
  filter,
  unique: z.boolean(),
  paused: z.boolean(),
  cursor: cursor
    .nullable()
    .describe(
      'The first place at which the filter applies; null before a replay by time has found its first entry, and while messages wait for the client.',
    ),
};

const event = <const N extends string, D extends z.ZodType>(type: N, data: D, description: string) =>
  z.object({ message_type: z.literal(type), data }).describe(description);

/** Schemas of the messages about the stream itself (docs/wire-format.md), by name. */
export const eventSchemas = {
  gap: event(
    'gap',
    z.object({
      messages: z
        .int()
        .min(0)
        .optional()
        .describe('Number of messages that are missing here; absent if it is unknown.'),
      logs: z
        .array(
          z.object({
            url: z.string(),
            ranges: z.array(z.object({ from: z.int(), to: z.int() })).describe('Indices, both inclusive.'),
          }),
        )
        .describe('The missing entries by log.'),
      truncated: z.boolean().describe('Whether more is missing than `logs` lists.'),
      reason: z
        .enum(['slow', 'expired', 'unavailable'])

        .describe(
          'slow: the client did not keep up. expired: the journal does not go back so far. unavailable: the log did not deliver the entries.',
        ),
      from: z.string().optional().describe('With `expired`: the place or time that the client asked for.'),
      to: z.string().optional().describe('With `expired`: the place or time at which the stream continues.'),
      cursor: cursor.optional(),
    }),
    'Messages that the client did not get, in the place of these messages. Only with `events=1`, and on Server-Sent Events.',
  ),
  live: event(
    'live',
    z.object({ cursor }),
    'The seam between the entries that `since=` asked for and the entries that are published from now on.',
  ),
  cursor: event(
    'cursor',
    z.object({
      cursor,
      left_out: z
        .int()
        .min(0)
        .optional()
        .describe('With `sample=`: messages since the last cursor that were left out.'),
    }),
    'The place after the messages before it, once per second.',
  ),
  subscribed: event(
    'subscribed',
    z.object(subscription),
    'Answer to the requests `subscribe`, `add`, `remove`, `pause` and `resume`.',
  ),
  status: event(
    'status',
    z.object({
      ...subscription,
      replaying: z.boolean().describe('Whether the client gets older entries now.'),
      sent: z.int().min(0).describe('Messages sent to the client.'),
      skipped: z.int().min(0).describe('Messages that the client missed because it was too slow.'),
      queued: z.int().min(0).describe('Messages that wait for the client.'),
      stream: z.string(),
      format: z.string(),
      slow: z.string(),
    }),
    'Answer to the request `status`.',
  ),
  error: event(
    'error',
    z.object({
      id,
      code: z.string().describe('Stable; docs/errors.md lists the codes.'),
      message: z.string(),
    }),
    'Answer to a request that the server cannot fulfil. The filter stays as it was.',
  ),
  heartbeat: z
    .object({ message_type: z.literal('heartbeat'), timestamp: z.number().describe('Unix seconds.') })
    .describe('Sent at the interval `stream.heartbeat_seconds`, if this is set.'),
} as const;

type EventOf<Name extends keyof typeof eventSchemas> = z.infer<(typeof eventSchemas)[Name]>;

/** The compiler refuses a schema that differs from the type of its message. */
export type EventSchemasAgree = All<
  [
    SameType<EventOf<'gap'>, GapMessage>,
    SameType<EventOf<'live'>, LiveMessage>,
    SameType<EventOf<'cursor'>, CursorMessage>,
    SameType<EventOf<'subscribed'>, SubscribedMessage>,
    SameType<EventOf<'status'>, StatusMessage>,
    SameType<EventOf<'error'>, ErrorMessage>,
    SameType<EventOf<'heartbeat'>, HeartbeatMessage>,
  ]
>;
