import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { MessagesRefusedError, type OutputEngine } from '../../outputs/engine/output-engine.js';
import type { OutputMessage } from '../../outputs/messages/output-message.js';
import { testOutput } from './test-output.js';

const engine = { send: vi.fn<OutputEngine['send']>(), close: vi.fn<OutputEngine['close']>() };
const open = vi.fn<() => Promise<OutputEngine>>();
vi.mock('../../outputs/engine/engine-sources.js', () => ({ engineSource: () => Promise.resolve({ open }) }));

let folder: string;
let config: string;
let out: string;
let err: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'test-output-'));
  config = join(folder, 'config.json');
  const filter = { domain: ['example.com'] };
  const output = {
    name: 'soc',
    type: 'webhook',
    url: 'https://soc.example/hook',
    timeout_seconds: 1,
    filter,
  };
  writeFileSync(config, JSON.stringify({ outputs: [{ ...output, unique: true, stream: 'domains' }] }));
  [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
  open.mockReset().mockResolvedValue(engine);
  engine.send.mockReset().mockResolvedValue();
  engine.close.mockReset().mockResolvedValue();
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true });
});

describe(testOutput.name, () => {
  it('sends one message that no consumer takes for a real one, with an id of its own, and prints the result', async () => {
    await testOutput({ config, name: 'soc' });
    await testOutput({ config, name: 'soc' });
    const sent = engine.send.mock.calls.map(([messages]) => messages);
    expect(sent.map((messages) => messages.length)).toEqual([1, 1]);
    const [first, second] = sent.map(([message]) => message);
    expect(first.id).toMatch(/^https:\/\/outputs-test\.invalid:\d+$/);
    expect(second.id).not.toBe(first.id);
    const json = JSON.parse(first.text.toString()) as { message_type: string; data: readonly string[] };
    expect(json.message_type).toBe('dns_entries');
    expect(json.data.length).toBeGreaterThan(0);
    expect(engine.close).toHaveBeenCalledTimes(2);
    expect(out).toMatch(
      /^output soc \(webhook\): the other side acknowledged a test message in \d+ ms: \d+ octets, id https:[^\n]+\n/,
    );
    expect([err, process.exitCode]).toEqual(['', undefined]);
  });

  const refusal = (message: OutputMessage) =>
    new MessagesRefusedError([{ message, reason: 'it has 900 octets, and 500 are allowed' }]);

  it.each<[string, () => void, string]>([
    ['an error of the connection', () => open.mockRejectedValue(new Error('no route')), 'no route'],
    [
      'an error of the delivery',
      () => engine.send.mockRejectedValue(new Error('status 503\nbusy')),
      String.raw`status 503\nbusy`,
    ],
    [
      'a refusal',
      () => engine.send.mockImplementation(([message]) => Promise.reject(refusal(message))),
      'it is refused: it has 900 octets, and 500 are allowed',
    ],
    [
      'no answer, also of an engine that ignores the signal',
      () => engine.send.mockReturnValue(new Promise(() => undefined)),
      'there is no acknowledgement after 1 s',
    ],
  ])('prints one line and ends with exit code 1 after %s', async (_what, prepare, reason) => {
    prepare();
    await testOutput({ config, name: 'soc' });
    expect(process.exitCode).toBe(1);
    expect(out).toBe('');
    expect(err.replace(/after \d+ ms/, 'after N ms')).toBe(
      `output soc (webhook): the test message failed after N ms: ${reason}\n`,
    );
  });

  it('refuses an unknown name', async () => {
    await expect(testOutput({ config, name: 'sok' })).rejects.toThrow(
      'there is no output "sok"; did you mean soc?',
    );
  });
});
