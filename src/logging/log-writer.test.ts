import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { doNotWaitForTerminal, LogWriter } from './log-writer.js';

/** An output whose reader takes nothing until `drain` is emitted. */
class UnreadOutput extends EventEmitter {
  readonly texts: string[] = [];
  writableLength = 0;

  write(text: string): void {
    this.texts.push(text);
    this.writableLength += text.length;
  }

  readAll(): string[] {
    this.writableLength = 0;
    const texts = this.texts.splice(0);
    this.emit('drain');
    return texts;
  }
}

const LINE = `${'x'.repeat(999)}\n`;
const notice = (lost: number): string => `${lost} lost\n`;

it('keeps a bounded number of lines for an output that is not read, counts the others, and says so when it is read', () => {
  const output = new UnreadOutput();
  const writer = new LogWriter(() => output);
  for (let line = 0; line < 3000; line++) writer.write(LINE, notice);
  const kept = output.texts.length;
  expect(kept).toBeLessThan(1100);
  expect(writer.lost).toBe(3000 - kept);
  expect(output.readAll()).toHaveLength(kept);
  writer.write('next\n', notice);
  expect(output.readAll()).toEqual([`${3000 - kept} lost\n`, 'next\n']);
  for (let line = 0; line < 2000; line++) writer.write(LINE, notice);
  const again = output.readAll().length;
  expect(output.readAll()).toEqual([`${2000 - again} lost\n`]);
  expect(writer.lost).toBe(5000 - kept - again);
});

it('writes to a file, which is never waiting', () => {
  const texts: string[] = [];
  const file = { write: (text: string) => texts.push(text), once: () => expect.unreachable() };
  const writer = new LogWriter(() => file);
  for (let line = 0; line < 3000; line++) writer.write(LINE, notice);
  expect(texts).toHaveLength(3000);
  expect(writer.lost).toBe(0);
});

it('a terminal is blocking again when the process exits', () => {
  const states: boolean[] = [];
  const handle = { setBlocking: (isBlocking: boolean) => void states.push(isBlocking) };
  const terminal = Object.assign(new UnreadOutput(), { isTTY: true, _handle: handle });
  const host = new EventEmitter();
  doNotWaitForTerminal(terminal, host);
  expect(states).toEqual([false]);
  host.emit('exit');
  expect(states).toEqual([false, true]);
});
