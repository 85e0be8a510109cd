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
  it('keeps the process running when the disk is full, reports it once, and sets exit code 1', () => {
    const { host, exit, written, fail } = fakeHost();
    for (let i = 0; i < 3; i++) fail('ENOSPC');
    expect(exit).not.toHaveBeenCalled();
    expect(host.exitCode).toBe(1);
    expect(written).toEqual(['the standard output cannot be written: ENOSPC: write\n']);
  });

  it('exits with the code of SIGPIPE when the reader has gone', () => {
    const { exit, fail } = fakeHost();
    fail('EPIPE');
    expect(exit).toHaveBeenCalledExactlyOnceWith(141);
  });

  it('ignores errors of the standard error output', () => {
    const { exit, stderr } = fakeHost();
    expect(() => stderr.emit('error', new Error('ENOSPC'))).not.toThrow();
    expect(exit).not.toHaveBeenCalled();
  });
});
