import { z } from 'zod';

import { amount, integer } from '../field-types.js';

const count = () => integer(0, 1_000_000);
const rate = () => amount(0, 1_000_000);

/** What clients of the web listener may hold on to and how fast they may come; 0 switches a count or a rate off. */
export const limitsSection = z
  .strictObject({
    max_connections: count()
      .default(20_000)
      .describe('WebSocket clients at a time; more get 503. 0: no limit.'),
    max_connections_per_address: count()
      .default(15_000)
      .describe(
        'WebSocket clients at a time from one address (IPv6: one /64); more get 429. High enough for a proxy without `real_ip`; lower it where clients are seen with their own addresses. 0: no limit.',
      ),
    handshakes_per_second: rate()
      .default(2000)
      .describe('WebSocket handshakes per second, on average over ten seconds; more get 503. 0: no limit.'),
    handshakes_per_second_per_address: rate()
      .default(1000)
      .describe('The same for one address (IPv6: one /64); more get 429. 0: no limit.'),
    requests_per_second_per_address: rate()
      .default(200)
      .describe(
        'Plain HTTP requests per second from one address (IPv6: one /64), on average over ten seconds, health pages excepted; more get 429. 0: no limit.',
      ),
    max_pipelined_requests: count()
      .default(16)
      .describe(
        'Requests on one connection that wait for their answers; browsers and proxies send one at a time. A connection with more is closed. 0: no limit.',
      ),
    max_pending_connections: count()
      .default(4000)
      .describe(
        'Connections at a time that are no WebSocket clients (yet): in a handshake, in a request or idle. More are cut off with 503. 0: no limit.',
      ),
    max_pending_connections_per_address: count()
      .default(2000)
      .describe(
        'The same for one peer address (IPv6: one /64), which is that of the proxy if there is one, and never more than is left for others; `trusted_proxies` are excepted. 0: no limit.',
      ),
    handshake_timeout_seconds: amount(0.1, 600)
      .default(10)
      .describe('Time for the TLS handshake, and again for the headers of a request.'),
    ping_interval_seconds: amount(1, 3600)
      .default(30)
      .describe('Time between two WebSocket pings to one client.'),
    idle_timeout_seconds: amount(1, 7200)
      .default(65)
      .describe('Silence after which a WebSocket client is closed; longer than `ping_interval_seconds`.'),
    max_header_bytes: integer(1024, 1_048_576)
      .default(16_384)
      .describe('Size of the request line and headers together; more gets 431.'),
    max_message_bytes: integer(125, 104_857_600)
      .default(4096)
      .describe(
        'Size of a message that a client sends, which is ignored; a larger one closes it with 1009. Every client can make the server hold as much.',
      ),
    frames_per_second_per_client: rate()
      .default(20)
      .describe(
        'WebSocket frames per second that one client may send, pings and pongs included, on average over ten seconds; more closes it with 1008. 0: no limit.',
      ),
    bytes_per_second_per_client: amount(0, 1_000_000_000)
      .default(16_384)
      .describe(
        'Octets per second that one WebSocket client may send, on average over ten seconds, one message of `max_message_bytes` excepted; what comes in smaller pieces counts as 256 a piece. More closes it with 1008. 0: no limit.',
      ),
  })
  .describe('What clients may hold on to, and how fast they may come. Refusals carry Retry-After.');
