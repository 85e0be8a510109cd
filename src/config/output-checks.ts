import { isIP } from 'node:net';
import { resolve } from 'node:path';

import { isPublicAddress } from '../kernel/public-address.js';
import { type ConfigDraft, type ConfigPath, isTree } from './config-draft.js';
import type { CertstreamConfig } from './config-schema.js';
import { checkNewFolder } from './file-checks.js';
import type { SettingsOf } from './sections/outputs/outputs.js';
import { shownValue } from './shown-value.js';

/** Checks the outputs against each other and against the journal. */
export function checkOutputs({ outputs, journal }: CertstreamConfig, draft: ConfigDraft): void {
  const folders = new Set<string>();
  outputs.forEach((output, index) => {
    const path = ['outputs', index];
    checkSecrets(output, path, draft);
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
    if (output.type === 'file') checkFolder(output.path, [...path, 'path'], folders, draft);
  });
  if (outputs.some(({ enabled }) => enabled) && journal.store === 'memory')
    draft.warn(
      ['outputs'],
      `the journal in memory holds ${journal.max_mb} MiB: when an output is down, the logs soon wait, and with them all clients; use journal.store: disk`,
    );
}

function checkFolder(folder: string, path: ConfigPath, used: Set<string>, draft: ConfigDraft): void {
  if (folder.trim() === '') {
    draft.problem(path, 'is empty; name a folder');
    return;
  }
  const absolute = resolve(folder);
  if (used.has(absolute))
    draft.problem(path, `${shownValue(folder)} is the folder of two outputs; give each its own`);
  used.add(absolute);
  checkNewFolder(folder, path, draft);
}

/** Checks that each secret is given once: as a text, in a file, or in a variable. */
function checkSecrets(settings: object, path: ConfigPath, draft: ConfigDraft): void {
  for (const [key, value] of Object.entries(settings) as [string, unknown][]) {
    if (isTree(value)) checkSecrets(value, [...path, key], draft);
    if (!(`${key}_file` in settings) || !(`${key}_env` in settings)) continue;
    const given = [key, `${key}_file`, `${key}_env`].filter(
      (name) => (settings as Record<string, unknown>)[name] !== '',
    );
    if (given.length > 1)
      draft.problem([...path, given[1]], `gives a secret that ${given[0]} gives too; keep one of them`);
  }
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
