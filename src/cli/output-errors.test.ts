import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';

import { handleOutputErrors, type OutputHost } from './output-errors.js';

function fakeHost() {
  const written: string[] = [];
  const stderr = Object.assign(new EventEmitter(), { write: (text: string) => written.push(text) });
  const stdout = new EventEmitter();
  const exit = vi.fn<(code: number) => void>();
  const host: OutputHost = { stdout, stderr, exit };
  handleOutputErrors(host);
  const fail = (code: string) => stdout.emit('error', Object.assign(new Error(`${code}: write`), { code }));
  return { host, exit, stderr, written, fail };
}

describe(handleOutputErrors.name, () => {
  it('goes on when the disk is full, says so once, and lets a command end with 1', () => {
    const { host, exit, written, fail } = fakeHost();
    for (let i = 0; i < 3; i++) fail('ENOSPC');
    expect(exit).not.toHaveBeenCalled();
    expect(host.exitCode).toBe(1);
    expect(written).toEqual(['the standard output cannot be written: ENOSPC: write\n']);
  });

  it('ends like a program that SIGPIPE ended when the reader went away', () => {
    const { exit, fail } = fakeHost();
    fail('EPIPE');
    expect(exit).toHaveBeenCalledExactlyOnceWith(141);
  });

  it('outlives a standard error that cannot be written either', () => {
    const { exit, stderr } = fakeHost();
    expect(() => stderr.emit('error', new Error('ENOSPC'))).not.toThrow();
    expect(exit).not.toHaveBeenCalled();
  });
});
