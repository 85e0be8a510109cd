import { addressRanges, amount, flag, ipAddress, port, text } from '../field-types.js';

/** Where a listener listens. */
export function listenAddress(defaultPort: number) {
  return {
    listen_addr: ipAddress()
      .default('0.0.0.0')
      .describe('IP address to listen on; `::` takes IPv6 and IPv4, `127.0.0.1` this machine only.'),
    listen_port: port().default(defaultPort).describe('TCP port to listen on, 1 to 65535.'),
  };
}

/** Whom a listener lets in, and by which address it knows them. */
export function peerAddresses() {
  return {
    real_ip: flag()
      .default(false)
      .describe(
        'Take the client address from `True-Client-IP`, `X-Real-IP` or `X-Forwarded-For`, but only on connections from `trusted_proxies`. Where they name different addresses, the first counts as the client, and whitelist and limits apply to each.',
      ),
    trusted_proxies: addressRanges()
      .default([])
      .describe(
        'Addresses or CIDR ranges of the reverse proxies whose headers `real_ip` believes. Empty: no proxy is believed.',
      ),
    whitelist: addressRanges()
      .default([])
      .describe('Addresses or CIDR ranges that may connect; everybody else gets 403. Empty: everybody may.'),
  };
}

/** The certificate of a listener. */
export function tlsFiles() {
  return {
    cert_path: text()
      .default('')
      .describe('PEM file with the TLS certificate chain. Empty: plain HTTP. Needs `cert_key_path`.'),
    cert_key_path: text().default('').describe('PEM file with the private key of `cert_path`.'),
    cert_check_seconds: amount(0, 86_400)
      .default(60)
      .describe(
        'Time between two looks at `cert_path` and `cert_key_path`; renewed ones are used for new connections. 0: never.',
      ),
  };
}
