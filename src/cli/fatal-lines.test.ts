import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fatalLine, lineFormat } from './fatal-lines.js';
import { reportFailure } from './report-failure.js';

let folder: string;
let config: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lines-'));
  config = join(folder, 'config.yaml');
  writeFileSync(config, 'webserver:\n  listen_port: {{ port }}\n  lite_url: @x\nlog:\n  format: json\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

it('the format of lines without a logger is that of the log, even if the configuration has mistakes', () => {
  expect(lineFormat(['-c', config], {})).toBe('json');
  expect(lineFormat(['serve', '--config', config, '--prot', '1'], {})).toBe('json');
  expect(lineFormat([`--config=${config}`, 'demo'], {})).toBe('json');
  expect(lineFormat(['-c', config], { CERTSTREAM_LOG_FORMAT: 'text' })).toBe('text');
  expect(lineFormat(['serve'], { CERTSTREAM_LOG_FORMAT: 'json' })).toBe('json');
  expect(lineFormat(['-c', join(folder, 'none')], {})).toBe('text');
  // Commands that print for people.
  expect(lineFormat(['validate', '-c', config], { CERTSTREAM_LOG_FORMAT: 'json' })).toBe('text');
});

it('errors of other parts are one line of JSON, with the stack, or lines of text without control characters', () => {
  const report = (error: unknown, format: 'text' | 'json') => {
    let text = '';
    reportFailure(error, (part) => (text += part), format);
    return text;
  };
  const error = new Error('bad\n\u001b]0;title\u0007\u009b');
  const line = report(error, 'json');
  expect(line.trim().split('\n')).toHaveLength(1);
  expect(JSON.parse(line)).toMatchObject({
    level: 'fatal',
    context: 'Certstream',
    error: { stack: expect.stringContaining(' at ') as string },
  });
  for (const text of [line, report(error, 'text'), report('\u001b[2J', 'text'), fatalLine('\u009b', 'text')])
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
});
