import { amount, flag, text } from '../field-types.js';
import { addressRanges, ipAddress, port } from '../listener-fields.js';

/** The address and port of a listener. */
export function listenAddress(defaultPort: number) {
  return {
    listen_addr: ipAddress()
      .default('0.0.0.0')
      .describe('IP address to listen on. `::` accepts IPv6 and IPv4, `127.0.0.1` only this machine.'),
    listen_port: port().default(defaultPort).describe('TCP port to listen on, 1 to 65535.'),
  };
}

/** Which clients a listener admits, and which address counts as theirs. */
export function peerAddresses() {
  return {
    real_ip: flag()
      .default(false)
      .describe(
        'Take the client address from `True-Client-IP`, `X-Real-IP` or `X-Forwarded-For`, but only on connections from `trusted_proxies`. If these headers name different addresses, the first one counts as the client, and the whitelist and the limits apply to each of them.',
      ),
    trusted_proxies: addressRanges()
      .default([])
      .describe(
        'Addresses or CIDR ranges of the reverse proxies whose headers `real_ip` uses. Empty: no proxy is trusted.',
      ),
    whitelist: addressRanges()
      .default([])
      .describe(
        'Addresses or CIDR ranges that may connect; all others get 403. Empty: every address may connect.',
      ),
  };
}

/** The certificate and key of a listener. */
export function tlsFiles() {
  return {
    cert_path: text()
      .default('')
      .describe('PEM file with the TLS certificate chain. Empty: plain HTTP. Needs `cert_key_path`.'),
    cert_key_path: text().default('').describe('PEM file with the private key of `cert_path`.'),
    cert_check_seconds: amount(0, 86_400)
      .default(60)
      .describe(
        'Time between two checks of `cert_path` and `cert_key_path` for changes. The server uses renewed files for new connections. 0: the server never checks.',
      ),
  };
}
