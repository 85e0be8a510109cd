import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, it } from 'vitest';
import { logKeyMistake } from './log-key.js';

const base64 = ({ publicKey }: { publicKey: KeyObject }) =>
  publicKey.export({ format: 'der', type: 'spki' }).toString('base64');

it('keys of logs are ECDSA on P-256 or RSA of 2048 bits or more (RFC 6962, 2.1.4)', () => {
  expect(logKeyMistake(base64(generateKeyPairSync('ec', { namedCurve: 'prime256v1' })))).toBeUndefined();
  expect(logKeyMistake(base64(generateKeyPairSync('rsa', { modulusLength: 2048 })))).toBeUndefined();
  expect(logKeyMistake(base64(generateKeyPairSync('ed25519')))).toMatch(
    /^is a key for ed25519; logs sign with/,
  );
  expect(logKeyMistake(base64(generateKeyPairSync('x25519')))).toMatch(/^is a key for x25519; /);
  expect(logKeyMistake(base64(generateKeyPairSync('ec', { namedCurve: 'secp384r1' })))).toMatch(
    /^is an ECDSA key on secp384r1; /,
  );
  expect(logKeyMistake(base64(generateKeyPairSync('rsa', { modulusLength: 1024 })))).toMatch(
    /^is an RSA key of 1024 bits; /,
  );
});

it.each([
  [Buffer.alloc(32).toString('base64'), 'is the id of a log, not its key'],
  ['-----BEGINPUBLICKEY-----', 'is PEM; leave out the lines with dashes'],
  ['AAAA', 'is not a public key'],
  ['?', 'is not a public key'],
])('%s %s', (text, says) => {
  expect(logKeyMistake(text)).toBe(says);
});
