import { isIP } from 'node:net';
import { isPublicAddress } from '../kernel/public-address.js';
import type { ConfigDraft, ConfigPath } from './config-draft.js';
import type { CertstreamConfig } from './config-schema.js';
import type { SettingsOf } from './sections/outputs/outputs.js';
import { shownValue } from './shown-value.js';

/** Checks the outputs against each other and against the journal. */
export function checkOutputs({ outputs, journal }: CertstreamConfig, draft: ConfigDraft): void {
  outputs.forEach((output, index) => {
    const path = ['outputs', index];
    if (outputs.findIndex(({ name }) => name === output.name) < index)
      draft.problem(
        [...path, 'name'],
        `${shownValue(output.name)} is the name of two outputs; give each its own`,
      );
    if (output.type === 'webhook') checkWebhook(output, path, draft);
    if (output.type === 'nsq') checkNsq(output, path, draft);
    if (output.enrich && output.stream === 'domains')
      draft.problem(
        [...path, 'enrich'],
        'has no effect on the messages of the domains stream; remove it, or use lite',
      );
  });
  if (outputs.some(({ enabled }) => enabled) && journal.store === 'memory')
    draft.warn(
      ['outputs'],
      `the journal in memory holds ${journal.max_mb} MiB: when an output is down, the logs soon wait, and with them all clients; use journal.store: disk`,
    );
}

function checkWebhook(
  { url: text, tls, allow_private_addresses: isPrivateAllowed }: SettingsOf<'webhook'>,
  path: ConfigPath,
  draft: ConfigDraft,
): void {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLocal = /(^|\.)localhost\.?$/.test(host) || (isIP(host) !== 0 && !isPublicAddress(host));
  if (isLocal && !isPrivateAllowed)
    draft.problem(
      [...path, 'url'],
      `${shownValue(host)} is a private, local or reserved address; set allow_private_addresses: true if it is the right one`,
    );
  if (url.protocol !== 'http:') return;
  if (tls !== undefined) draft.problem([...path, 'tls'], 'has no effect on an http: URL; use https:');
  if (!isLocal)
    draft.warn(
      [...path, 'url'],
      'http: does not encrypt the messages and the Authorization header; use https:',
    );
}

function checkNsq(
  { address, tls, max_message_kb: message, max_batch_kb: batch }: SettingsOf<'nsq'>,
  path: ConfigPath,
  draft: ConfigDraft,
): void {
  if (/^http:/i.test(address) && tls !== undefined)
    draft.problem([...path, 'tls'], 'has no effect on an http: URL; use https:');
  if (message > batch)
    draft.problem([...path, 'max_message_kb'], `is above max_batch_kb; use at most ${batch}`);
}
