import { isIP } from 'node:net';
import { join, resolve } from 'node:path';

import { isPublicAddress } from '../kernel/public-address.js';
import { type ConfigDraft, type ConfigPath, isTree } from './config-draft.js';
import type { CertstreamConfig } from './config-schema.js';
import { checkNewFolder } from './file-checks.js';
import type { OutputSettings, SettingsOf } from './sections/outputs/outputs.js';
import { shownValue } from './shown-value.js';

/** Checks the outputs against each other and against the journal. */
export function checkOutputs({ outputs, journal, cluster }: CertstreamConfig, draft: ConfigDraft): void {
  const folders = new Set<string>();
  const deadLetters = new Set<string>();
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
    if (output.type === 'file') checkFile(output, path, folders, draft);
    if (output.type === 'nats') checkNats(output, path, outputs.slice(0, index), draft);
    checkDeadLetters(output, path, deadLetters, journal.path, draft);
  });
  if (outputs.some(({ enabled }) => enabled) && journal.store === 'memory' && cluster.servers.length === 0)
    draft.warn(
      ['outputs'],
      `the journal in memory holds ${journal.max_mb} MiB: when an output is down, the logs soon wait, and with them all clients; use journal.store: disk`,
    );
}

/** Two outputs must not write to the same file. Those of the same name, which is another problem, have the same file by default. */
function checkDeadLetters(
  { name, dead_letter_file: file }: OutputSettings,
  path: ConfigPath,
  used: Set<string>,
  journalPath: string,
  draft: ConfigDraft,
): void {
  const absolute = resolve(file === '' ? join(journalPath, `${name}.dead-letters.jsonl`) : file);
  if (used.has(absolute) && file !== '')
    draft.problem(
      [...path, 'dead_letter_file'],
      `${shownValue(absolute)} is the file of two outputs; give each its own`,
    );
  used.add(absolute);
}

/** JetStream takes messages of two outputs for repetitions if their ids are equal. */
function checkNats(
  output: SettingsOf<'nats'>,
  path: ConfigPath,
  earlier: readonly OutputSettings[],
  draft: ConfigDraft,
): void {
  for (const other of earlier) {
    if (other.type !== 'nats' || other.jetstream !== output.jetstream) continue;
    const isSubjectShared =
      other.subject === output.subject &&
      other.subject_prefix === output.subject_prefix &&
      other.stream === output.stream;
    if (output.subject === 'rust' || other.subject === 'rust' || isSubjectShared)
      draft.problem(
        [...path, 'jetstream'],
        `${shownValue(output.jetstream)} gets the same ids from the output ${other.name}, so messages would be dropped as repetitions; give each its own stream and prefix`,
      );
  }
}

function checkFile(
  { path: folder, keep_gb: keepGb, rotate_mb: rotateMb }: SettingsOf<'file'>,
  path: ConfigPath,
  used: Set<string>,
  draft: ConfigDraft,
): void {
  checkFolder(folder, [...path, 'path'], used, draft);
  if (keepGb > 0 && keepGb * 1024 < 2 * rotateMb)
    draft.problem(
      [...path, 'keep_gb'],
      `${keepGb} holds less than two files of rotate_mb (${rotateMb}); raise it, or lower rotate_mb`,
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
export function checkSecrets(settings: object, path: ConfigPath, draft: ConfigDraft): void {
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
