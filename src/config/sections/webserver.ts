import { z } from 'zod';

import { choice, flag, urlPath } from '../field-types.js';
import { listener } from './listener.js';

const { listen_addr, listen_port, real_ip, trusted_proxies, whitelist, cert_path, cert_key_path } =
  listener(8080);

export const webserverSection = z
  .strictObject({
    listen_addr,
    listen_port,
    real_ip,
    trusted_proxies,
    whitelist,
    full_url: urlPath()
      .default('/full-stream')
      .describe('Path of the full stream: every field, the DER and the chain.'),
    lite_url: urlPath().default('/').describe('Path of the lite stream: no DER and no chain.'),
    domains_only_url: urlPath()
      .default('/domains-only')
      .describe('Path of the stream that carries the domain names only.'),
    format: choice(['go', 'calidog'])
      .default('go')
      .describe(
        'How values are written for clients that do not ask with `?format=`: as certstream-server-go does or as the original CaliDog server does.',
      ),
    cert_path,
    cert_key_path,
    compression_enabled: flag()
      .default(false)
      .describe('Offer permessage-deflate (RFC 7692) to WebSocket clients: less bandwidth, more CPU.'),
  })
  .describe('The port that serves the three WebSocket streams, their examples and the health pages.');
