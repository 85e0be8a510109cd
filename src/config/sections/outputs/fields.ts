import { z } from 'zod';

import { nearest } from '../../../kernel/nearest.js';
import { text } from '../../field-types.js';
import { shownValue } from '../../shown-value.js';

const MAX_PORT = 65_535;

/** `host:port` of a server. Parsing adds the usual port and removes `nats://`. An IPv6 address with a port has brackets. */
export function serverAddress(usualPort: number) {
  const hint = `write host:port, for example broker.example.com:${usualPort}`;
  return text()
    .overwrite((value) => withPort(value.trim().replace(/^nats:\/\//i, ''), usualPort))
    .refine((value) => isAddress(value), {
      error: ({ input }) => `${shownValue(input)} is not a server; ${hint}`,
    });
}

/** `host:port` of the TCP protocol of nsqd, or the URL of its HTTP API. */
export function nsqdAddress() {
  return text()
    .overwrite((value) => (isUrl(value) ? value.trim() : withPort(value.trim(), 4150)))
    .refine((value) => (isUrl(value) ? URL.canParse(value) : isAddress(value)), {
      error: ({ input }) =>
        `${shownValue(input)} is not an nsqd; write host:4150 for its TCP protocol, or http://host:4151`,
    });
}

function isUrl(value: string): boolean {
  return /^\s*https?:\/\//i.test(value);
}

/** An object whose `key` says which of the schemas it obeys. */
export function kinds<const Schemas extends readonly [KindSchema, ...KindSchema[]]>(
  key: string,
  schemas: Schemas,
) {
  const names = schemas.flatMap((schema) => [...(schema.shape[key] as z.ZodLiteral<string>).values]);
  return z.discriminatedUnion(key, schemas, {
    error: ({ input }) => {
      const value = (input as Record<string, unknown> | undefined)?.[key];
      if (value === undefined) return `is missing; use one of ${names.join(', ')}`;
      const near = typeof value === 'string' ? nearest(value, names) : undefined;
      const hint = near === undefined ? '' : `did you mean ${near}? `;
      return `${shownValue(value)} is not known; ${hint}use one of ${names.join(', ')}`;
    },
  });
}

type KindSchema = z.ZodObject<Record<string, z.ZodType>>;

/** Splits `host:port`. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}

function withPort(value: string, port: number): string {
  if (/^\[[^\]]*\]$/.test(value) || !value.includes(':')) return `${value}:${port}`;
  // An IPv6 address without brackets has no port.
  return value.indexOf(':') === value.lastIndexOf(':') || value.startsWith('[')
    ? value
    : `[${value}]:${port}`;
}

function isAddress(value: string): boolean {
  const { host, port } = hostAndPort(value);
  return (
    Number.isInteger(port) &&
    port >= 1 &&
    port <= MAX_PORT &&
    (/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(host) || /^[0-9A-Fa-f:.]+$/.test(host))
  );
}
