import { withoutTrailingSlashes } from '../../kernel/trim.js';
import { hostAndPort } from '../../config/sections/outputs/fields.js';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { readTlsOptions } from '../../config/tls-files.js';
import { BatchSender } from '../engine/batch-sender.js';
import type { EngineSource } from '../engine/output-engine.js';
import { hostLookup } from '../http/host-lookup.js';
import { HttpPoster } from '../http/http-poster.js';
import { tlsFileUnusable } from '../output-error.js';
import type { OutputMessage } from '../messages/output-message.js';
import { NsqHttpEngine } from './nsq-http-engine.js';
import { MPUB_HEAD, mpubSize } from './nsq-protocol.js';
import { NsqTcpEngine } from './nsq-tcp-engine.js';

/** Many small requests cost more than a few larger ones. */
const LINGER_MS = 100;

/** @throws OutputError when a file is missing. */
export async function nsqSource(settings: SettingsOf<'nsq'>): Promise<EngineSource> {
  const { address, topic, max_message_kb: message, max_batch_kb: batch } = settings;
  const bytes = batch * 1024;
  const sender = new BatchSender({
    messages: Infinity,
    bytes,
    head: MPUB_HEAD,
    sizeOf: ({ size }) => mpubSize(size),
    largestText: Math.min(message * 1024, bytes - MPUB_HEAD - mpubSize(0)),
  });
  const lookup = hostLookup();
  await readTlsOptions(settings.tls, tlsFileUnusable);
  if (!/^https?:/i.test(address)) {
    const { host, port } = hostAndPort(address);
    const cutOffs = new WeakMap<OutputMessage, number>();
    return {
      lingerMs: LINGER_MS,
      open: async () => {
        const tls = await readTlsOptions(settings.tls, tlsFileUnusable);
        return new NsqTcpEngine({ host, port, lookup, tls }, topic, sender, cutOffs);
      },
    };
  }
  const base = new URL(address);
  base.pathname = `${withoutTrailingSlashes(base.pathname)}/mpub`;
  base.search = new URLSearchParams({ topic, binary: 'true' }).toString();
  return {
    lingerMs: LINGER_MS,
    open: async () =>
      new NsqHttpEngine(
        new HttpPoster({ url: base, lookup, tls: await readTlsOptions(settings.tls, tlsFileUnusable) }),
        sender,
      ),
  };
}
