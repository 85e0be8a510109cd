import { text } from '../../field-types.js';
import { shownValue } from '../../shown-value.js';
import { secretKeys, tlsKeys } from './common.js';

/** The keys of a connection to NATS, apart from its servers. */
export const natsConnectionKeys = {
  inbox_prefix: text()
    .default('_INBOX')
    .refine((value) => /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(value), {
      error: ({ input }) => `${shownValue(input)} is not a subject; write it without spaces, * and >`,
    })
    .describe(
      'First part of the subjects on which answers arrive, for a user without the right to subscribe to `_INBOX.>`.',
    ),
  username: text().default('').describe('Name of the user, for servers with passwords.'),
  ...secretKeys('password', 'Password of the user.'),
  ...secretKeys('token', 'Token, for servers with tokens.'),
  ...secretKeys('nkey_seed', 'Seed of an NKey.'),
  credentials_file: text().default('').describe('File with the JWT and the seed of a user (`.creds`).'),
  tls: tlsKeys,
};

/** Refines an object with {@link natsConnectionKeys}: it has at most one way to authenticate. */
export const oneNatsLogin = [
  (settings: Readonly<Record<string, unknown>>): boolean => logins(settings) <= 1,
  {
    error: 'has several ways to authenticate; keep one of username, token, nkey_seed and credentials_file',
  },
] as const;

function logins(settings: Readonly<Record<string, unknown>>): number {
  const isSet = (name: string): boolean => (settings[name] ?? '') !== '';
  return [
    isSet('username') || isSet('password') || isSet('password_file') || isSet('password_env'),
    isSet('token') || isSet('token_file') || isSet('token_env'),
    isSet('nkey_seed') || isSet('nkey_seed_file') || isSet('nkey_seed_env'),
    isSet('credentials_file'),
  ].filter(Boolean).length;
}
