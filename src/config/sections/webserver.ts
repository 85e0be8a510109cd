import { z } from 'zod';

import { choice, flag, text, urlPath } from '../field-types.js';
import { fileMode, hostNames, origins } from '../listener-fields.js';
import { limitsSection } from './limits.js';
import { listenAddress, peerAddresses, tlsFiles } from './listener.js';

export const webserverSection = z
  .strictObject({
    ...listenAddress(8080),
    listen_tcp: flag()
      .default(true)
      .describe('Listen on `listen_addr` and `listen_port`. False: listen only on `listen_socket`.'),
    listen_socket: text()
      .default('')
      .describe(
        'Path of a UNIX socket to listen on in addition to TCP, at most 107 bytes long. The socket serves plain HTTP; its permissions decide who may connect. Empty: no UNIX socket.',
      ),
    listen_socket_mode: fileMode().default('0660').describe('Permissions of `listen_socket`, octal.'),
    ...peerAddresses(),
    allowed_origins: origins()
      .default([])
      .describe(
        "Origins whose pages may open WebSockets, such as `https://app.example.com` or `https://*.example.com`; others get 403. Clients that send no Origin are not browsers and may connect. So may the server's own origin, which is the host of the request. Empty: every origin may connect.",
      ),
    allowed_hosts: hostNames()
      .default([])
      .describe(
        'Names under which clients may reach this server and its metrics, such as `ct.example.com` or `*.example.com`, without a port; a request with another name in `Host` gets 403. IP addresses and `localhost` are always allowed. This stops pages of other sites whose name resolves to this server (DNS rebinding). Empty: only those if the listener has a loopback address and no `trusted_proxies`, else every name. `*`: every name.',
      ),
    cors_origins: origins()
      .default([])
      .describe(
        'Origins whose pages may read the HTTP pages of this server (CORS), except the metrics, in the same form. Empty: the origins of `allowed_origins`; if that is empty too, every origin, without credentials.',
      ),
    full_url: urlPath()
      .default('/full-stream')
      .describe('Path of the full stream: every field, the DER and the chain.'),
    lite_url: urlPath().default('/').describe('Path of the lite stream: no DER and no chain.'),
    domains_only_url: urlPath()
      .default('/domains-only')
      .describe('Path of the stream that carries the domain names only.'),
    sse_url: urlPath()
      .default('/sse')
      .describe(
        'Path of the Server-Sent Events. `?stream=` chooses the stream: `full`, `lite` (default), `domains` or `domains-only`.',
      ),
    format: choice(['go', 'calidog'])
      .default('go')
      .describe(
        'Format of the values for clients that do not choose one with `?format=`: that of certstream-server-go or that of the original CaliDog server.',
      ),
    api_enabled: flag()
      .default(true)
      .describe(
        'Serve the pages below `/api`, which look up certificates and entries, and `/stats`. The entries are those of the journal; others are fetched from their log.',
      ),
    dashboard: flag()
      .default(true)
      .describe(
        'Serve the dashboard, a page for browsers that shows certificates as they come, the logs, the clients and the outputs.',
      ),
    dashboard_path: urlPath()
      .default('/')
      .describe(
        'Path of the dashboard. It may be the path of a stream: requests that accept `text/html`, which browsers send, get the page, and all others the stream.',
      ),
    ...tlsFiles(),
    compression_enabled: flag()
      .default(false)
      .describe(
        'Offer permessage-deflate (RFC 7692) to WebSocket clients, and gzip to clients of Server-Sent Events: less bandwidth, more CPU.',
      ),
    limits: limitsSection.prefault({}),
  })
  .describe('The port that serves the three WebSocket streams, their examples and the health pages.');
