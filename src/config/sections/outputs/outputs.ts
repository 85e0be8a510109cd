import { z } from 'zod';

import { kinds } from './fields.js';
import { fileOutput } from './file.js';
import { kafkaOutput } from './kafka.js';
import { natsOutput } from './nats.js';
import { nsqOutput } from './nsq.js';
import { webhookOutput } from './webhook.js';

export const outputsSection = z
  .array(
    kinds('type', [kafkaOutput, natsOutput, nsqOutput, webhookOutput, fileOutput]),
    'is not a list; write one output per entry, each after a dash, or [] for none',
  )
  .default([])
  .describe(
    'Outputs to other systems. Every entry is delivered at least once and in order, also after an outage. With `journal.store: disk`, a restart loses nothing. See docs/outputs.md.',
  );

/** One entry of `outputs`. */
export type OutputSettings = z.infer<typeof outputsSection>[number];
export type OutputType = OutputSettings['type'];
export type SettingsOf<Type extends OutputType> = Extract<OutputSettings, { readonly type: Type }>;
