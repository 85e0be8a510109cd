import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';

import { handleOutputErrors, type OutputHost } from './output-errors.js';

function fakeHost() {
  const written: string[] = [];
  const stderr = Object.assign(new EventEmitter(), { write: (text: string) => written.push(text) });
  const host = { stdout: new EventEmitter(), stderr, exit: vi.fn() } satisfies OutputHost as OutputHost;
  handleOutputErrors(host);
  const fail = (code: string) =>
    (host.stdout as EventEmitter).emit('error', Object.assign(new Error(`${code}: write`), { code }));
  return { host, stderr, written, fail };
}

describe(handleOutputErrors.name, () => {
  it('goes on when the disk is full, says so once, and lets a command end with 1', () => {
    const { host, written, fail } = fakeHost();
    for (let i = 0; i < 3; i++) fail('ENOSPC');
    expect(host.exit).not.toHaveBeenCalled();
    expect(host.exitCode).toBe(1);
    expect(written).toEqual(['the standard output cannot be written: ENOSPC: write\n']);
  });

  it('ends with 0 when the reader went away', () => {
    const { host, fail } = fakeHost();
    fail('EPIPE');
    expect(host.exit).toHaveBeenCalledExactlyOnceWith(0);
  });

  it('outlives a standard error that cannot be written either', () => {
    const { host, stderr } = fakeHost();
    expect(() => stderr.emit('error', new Error('ENOSPC'))).not.toThrow();
    expect(host.exit).not.toHaveBeenCalled();
  });
});
