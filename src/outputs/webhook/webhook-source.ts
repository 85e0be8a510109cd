import { isIP } from 'node:net';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { readSecret } from '../../config/secret-files.js';
import { readTlsOptions } from '../../config/tls-files.js';
import { BatchSender } from '../engine/batch-sender.js';
import type { EngineSource } from '../engine/output-engine.js';
import { hostLookup, requirePublic } from '../http/host-lookup.js';
import { HttpPoster } from '../http/http-poster.js';
import { secretMissing, tlsFileUnusable } from '../output-error.js';
import { WebhookBody } from './webhook-body.js';
import { type WebhookAccess, WebhookEngine } from './webhook-engine.js';

/** A filter may choose few of many entries: a request fills up until so many octets of entries were read for it. */
const LIMIT = { bytes: 32 * 1024 * 1024, records: 100_000 };
/** Parts of a URL of at least this length are treated as secrets. */
const SECRET_LENGTH = 12;

/** @throws OutputError when a secret or a file is missing. */
export async function webhookSource(settings: SettingsOf<'webhook'>): Promise<EngineSource> {
  const url = new URL(settings.url);
  const lookup = hostLookup(settings.allow_private_addresses ? undefined : requirePublic);
  const body = new WebhookBody(settings);
  const sender = new BatchSender({
    messages: settings.max_messages,
    bytes: settings.max_batch_kb * 1024,
    head: body.head,
    sizeOf: (message) => body.sizeOf(message),
  });
  await accessOf(settings);
  await readTlsOptions(settings.tls, tlsFileUnusable);
  return {
    ...(Object.keys(settings.filter).length > 0 && { limit: LIMIT }),
    lingerMs: settings.batch_seconds * 1000,
    open: async () => {
      const host = url.hostname.replace(/^\[|\]$/g, '');
      if (!settings.allow_private_addresses && isIP(host) !== 0) requirePublic(host, [host]);
      const access = await accessOf(settings);
      const tls = await readTlsOptions(settings.tls, tlsFileUnusable);
      const secrets = secretsOf(url, settings, access);
      const poster = new HttpPoster({ url, lookup, tls, secrets });
      return new WebhookEngine(settings, { poster, body, sender, access });
    },
  };
}

async function accessOf(settings: SettingsOf<'webhook'>): Promise<WebhookAccess> {
  const authorization = await readSecret(settings, 'authorization', secretMissing);
  if (authorization !== undefined && !/^[\x20-\x7e]+$/.test(authorization))
    throw secretMissing(
      'the value of authorization has a line break or another character that a header cannot have; write one line of printable ASCII',
    );
  return { authorization, secret: await readSecret(settings, 'secret', secretMissing) };
}

/** Returns all texts that must not appear in the log, the longest first. */
function secretsOf(url: URL, settings: SettingsOf<'webhook'>, access: WebhookAccess): string[] {
  const { authorization = '', secret = '' } = access;
  const inUrl = [...url.pathname.split('/'), ...url.search.slice(1).split(/[&=]/)];
  return [
    authorization,
    ...authorization.split(' ').slice(1),
    secret,
    ...Object.values(settings.headers),
    ...inUrl.filter(({ length }) => length >= SECRET_LENGTH),
  ]
    .filter((text) => text !== '')
    .sort((a, b) => b.length - a.length);
}
