import { describe, expect, it } from 'vitest';

import type { DnsEntries } from '../../certificate/certificate-message.js';
import { type WatchOutput, WatchPrinter } from './watch-printer.js';

const MESSAGE: DnsEntries = { message_type: 'dns_entries', data: ['a\u009b31m.example', 'b.example'] };
const TEXT = JSON.stringify(MESSAGE);

function printed(isTTY: boolean, json: boolean, text = TEXT): string {
  let out = '';
  const write = (written: string): boolean => (out += written) !== '';
  const stdout = { isTTY, writableNeedDrain: false, hasColors: () => false, write, once: () => undefined };
  const output: WatchOutput = { stdout, stderr: { write: () => true } };
  new WatchPrinter(output, { json, onFull: () => undefined, onDrain: () => undefined }).print(MESSAGE, text);
  return out;
}

describe('WatchPrinter', () => {
  it('prints a line without control characters on a terminal', () => {
    expect(printed(true, false)).toMatch(/^\d\d:\d\d:\d\d {2}a\\u009b31m\.example b\.example\n$/);
  });

  it('prints the unchanged JSON elsewhere', () => {
    expect(printed(false, false)).toBe(`${TEXT}\n`);
  });

  it('prints JSON without control characters on a terminal with --json', () => {
    const line = printed(true, true);
    expect(line).not.toContain('\u009b');
    expect(JSON.parse(line)).toEqual(MESSAGE);
  });

  it('prints JSON of several lines as one', () => {
    expect(printed(false, false, JSON.stringify(MESSAGE, undefined, 2))).toBe(`${TEXT}\n`);
  });

  it('says when the output is full, once until it drains', () => {
    const calls: string[] = [];
    let drain = (): void => undefined;
    const stdout = {
      writableNeedDrain: true,
      write: () => false,
      once: (_event: 'drain', listener: () => void) => void (drain = listener),
    };
    const printer = new WatchPrinter(
      { stdout, stderr: { write: () => true } },
      { json: false, onFull: () => calls.push('full'), onDrain: () => calls.push('drain') },
    );
    printer.print(MESSAGE, TEXT);
    printer.print(MESSAGE, TEXT);
    expect(calls).toEqual(['full']);
    drain();
    printer.print(MESSAGE, TEXT);
    expect(calls).toEqual(['full', 'drain', 'full']);
  });
});
