import { z } from 'zod';

import { amount, integer } from '../field-types.js';

const count = () => integer(0, 1_000_000);
const rate = () => amount(0, 1_000_000);

/** Limits on what clients of the web listener may hold, and on their rates; 0 switches a count or a rate off. */
export const limitsSection = z
  .strictObject({
    max_connections: count()
      .default(20_000)
      .describe('Clients of the streams at the same time; more get 503. 0: no limit.'),
    max_connections_per_address: count()
      .default(15_000)
      .describe(
        'Clients of the streams from one address (IPv6: one /64) at the same time; more get 429. The default suits a proxy without `real_ip`; lower it where the server sees the addresses of the clients. 0: no limit.',
      ),
    handshakes_per_second: rate()
      .default(2000)
      .describe(
        'WebSocket handshakes and requests for Server-Sent Events per second, on average over ten seconds; more get 503. 0: no limit.',
      ),
    handshakes_per_second_per_address: rate()
      .default(1000)
      .describe('The same for one address (IPv6: one /64); more get 429. 0: no limit.'),
    requests_per_second_per_address: rate()
      .default(200)
      .describe(
        'Plain HTTP requests per second from one address (IPv6: one /64), on average over ten seconds; more get 429. Requests for health pages do not count. 0: no limit.',
      ),
    max_pipelined_requests: count()
      .default(16)
      .describe(
        'Requests on one connection that wait for their answers; browsers and proxies send one at a time. The server closes a connection with more. 0: no limit.',
      ),
    max_pending_connections: count()
      .default(4000)
      .describe(
        'Connections at the same time that are not clients of a stream (yet): in a handshake, in a request or idle. More get 503 and are closed. 0: no limit.',
      ),
    max_pending_connections_per_address: count()
      .default(2000)
      .describe(
        'The same for one peer address (IPv6: one /64), which is the address of the proxy if there is one. One address never takes more than it leaves free for others. The limit does not apply to `trusted_proxies`. 0: no limit.',
      ),
    handshake_timeout_seconds: amount(0.1, 600)
      .default(10)
      .describe('Longest time for the TLS handshake, and for the headers of a request.'),
    ping_interval_seconds: amount(1, 3600)
      .default(30)
      .describe('Time between two WebSocket pings to one client.'),
    idle_timeout_seconds: amount(1, 7200)
      .default(65)
      .describe(
        'Silence after which the server closes a WebSocket client, and time after which it closes a client of Server-Sent Events that does not read. It must be longer than `ping_interval_seconds`.',
      ),
    max_header_bytes: integer(1024, 1_048_576)
      .default(16_384)
      .describe('Largest size of the request line and headers together; more gets 431.'),
    max_message_bytes: integer(125, 104_857_600)
      .default(4096)
      .describe(
        'Largest message that a client may send. The server ignores messages, and closes a client that sends a larger one with 1009. Each client can make the server hold this much.',
      ),
    frames_per_second_per_client: rate()
      .default(20)
      .describe(
        'WebSocket frames per second that one client may send, pings and pongs included, on average over ten seconds. The server closes a client that sends more with 1008. 0: no limit.',
      ),
    bytes_per_second_per_client: amount(0, 1_000_000_000)
      .default(16_384)
      .describe(
        'Octets per second that one client of a stream may send, on average over ten seconds, in addition to one message of `max_message_bytes`. Each piece that arrives counts as at least 256 octets. The server closes a client that sends more, WebSocket with 1008. 0: no limit.',
      ),
  })
  .describe('Limits on what clients may hold, and on their rates. Refusals carry Retry-After.');
