import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { signatureHeaders } from '../src/outputs/webhook/webhook-signature.js';

const guide = readFileSync(join(import.meta.dirname, '../docs/outputs.md'), 'utf8');
const [, section] = guide.split('### Check the signature');
const PYTHON = spawnSync('python3', ['--version']).status === 0;

const body = Buffer.from('{"a":"é"}\n');
const now = Date.now();
const genuine = signatureHeaders('key', body, now);

const CASES = [
  ['a genuine request', { ...genuine }, body, true],
  ['another body', { ...genuine }, Buffer.from('{}'), false],
  ['another key', signatureHeaders('other', body, now), body, false],
  ['an old request', signatureHeaders('key', body, now - 600_000), body, false],
  [
    'a request with a new time',
    { ...genuine, 'x-certstream-timestamp': `${Math.floor(now / 1000) + 1}` },
    body,
    false,
  ],
  ['a request without headers', {}, body, false],
] as const;

/** Returns the code of the section in a language. */
function code(language: string): string {
  return new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(section)![1];
}

it('has the HMAC of the timestamp, a full stop and the body', () => {
  expect(signatureHeaders('key', Buffer.from('body'), 1_700_000_000_999)).toEqual({
    'x-certstream-timestamp': '1700000000',
    'x-certstream-signature': `sha256=${createHmac('sha256', 'key').update('1700000000.body').digest('hex')}`,
  });
});

it('the JavaScript of docs/outputs.md tells genuine requests from others', async () => {
  const url = `data:text/javascript,${encodeURIComponent(code('javascript'))}`;
  const { isGenuine } = (await import(/* @vite-ignore */ url)) as {
    isGenuine: (secret: string, headers: object, body: Buffer) => boolean;
  };
  for (const [name, headers, octets, expected] of CASES)
    expect([name, isGenuine('key', headers, octets)]).toEqual([name, expected]);
});

it.skipIf(!PYTHON)('the Python of docs/outputs.md tells genuine requests from others', () => {
  const cases = CASES.map(([, headers, octets]) => [headers, octets.toString('base64')]);
  const script = `${code('python')}
import base64, json, sys
print(json.dumps([is_genuine(b"key", h, base64.b64decode(b)) for h, b in json.load(sys.stdin)]))`;
  const { stdout, stderr } = spawnSync('python3', ['-c', script], { input: JSON.stringify(cases) });
  expect(stderr.toString()).toBe('');
  expect(JSON.parse(stdout.toString())).toEqual(CASES.map(([, , , expected]) => expected));
});
