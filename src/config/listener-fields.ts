import { isIP } from 'node:net';
import { z } from 'zod';

import { isNot, list, text } from './field-types.js';

/** A TCP port. 0 (any free port) is for tests only; `cross-checks.ts` refuses it. */
export function port() {
  const message = isNot('a port', 'use a whole number from 1 to 65535');
  return z.int(message).min(0, message).max(65535, message).meta({ minimum: 1 });
}

export function ipAddress() {
  const hint = 'use for example 0.0.0.0, 127.0.0.1 or ::, without port and brackets';
  return text().refine((value) => isIP(value) !== 0, isNot('an IP address', hint));
}

/** Whether `value` is an IPv4 or IPv6 address or a CIDR range; host bits may be set, as in 127.0.0.1/8. */
export function isAddressRange(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || address.includes('%')) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

export function addressRanges() {
  const hint = 'use for example 192.0.2.7, 10.0.0.0/8 or fd00::/8';
  return list(text().refine(isAddressRange, isNot('an IP address or a CIDR range', hint)));
}

/** Origins as browsers write them. Parsing puts them into lower case and removes default ports. */
export function origins() {
  const hint = 'write https://app.example.com, https://*.example.com or null, without a path';
  return list(
    text()
      .overwrite((value) => normalizeOrigin(value) ?? value)
      .refine((value) => normalizeOrigin(value) !== undefined, isNot('an origin', hint)),
  );
}

function normalizeOrigin(value: string): string | undefined {
  const [, scheme, wildcard = '', rest] =
    /^([a-z][a-z0-9+.-]*:\/\/)(\*\.)?([^/?#@*\s]+)\/?$/i.exec(value) ?? [];
  if (scheme === undefined) return value === 'null' ? value : undefined;
  if (!URL.canParse(scheme + rest)) return undefined;
  const { protocol, host } = new URL(scheme + rest);
  return host === '' ? undefined : `${protocol}//${wildcard}${host}`.toLowerCase();
}

/** Names as in the header `Host`, without a port; `*.` stands for any subdomains, `*` for every name. Parsing puts them into lower case. */
export function hostNames() {
  const hint = 'write ct.example.com, *.example.com or *, without scheme and port';
  return list(
    text()
      .overwrite((value) => normalizeHost(value) ?? value)
      .refine((value) => normalizeHost(value) !== undefined, isNot('a host name', hint)),
  );
}

function normalizeHost(value: string): string | undefined {
  if (value === '*' || isIP(value) !== 0) return value.toLowerCase();
  const [, wildcard = '', name] = /^(\*\.)?([^\s:/?#@*[\]\\]+)$/.exec(value.trim()) ?? [];
  if (name === undefined || !URL.canParse(`http://${name}`)) return undefined;
  return wildcard + new URL(`http://${name}`).hostname.replace(/\.$/, '');
}

/** Permissions of a file. Parsing returns three octal digits with a leading 0. */
export function fileMode() {
  const hint = 'write it in octal like 0660, with the owner first';
  return text()
    .overwrite((value) => octalMode(value) ?? value)
    .refine((value) => octalMode(value) !== undefined, isNot('a file mode', hint));
}

/**
 * Reads `0660`, `0o660` or `660`. Without a leading zero, the mode must let the owner read and write: 432 is `0660` in
 * decimal, and 504 and 511 are other decimal modes that would admit other users if they were read as octal.
 */
function octalMode(value: string): string | undefined {
  const [, prefix, digits] = /^(0o0?|0?)([0-7]{3})$/.exec(value.trim()) ?? [];
  if (digits === undefined) return undefined;
  return prefix === '' && !/^[67]/.test(digits) ? undefined : `0${digits}`;
}
