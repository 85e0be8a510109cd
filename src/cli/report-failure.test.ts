import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';

import { CertstreamError } from '../kernel/certstream-error.js';
import { ConfigError } from '../config/config-error.js';
import { reportFailure } from './report-failure.js';
import { UsageError } from './usage-error.js';

function report(error: unknown): { code: number; text: string } {
  let text = '';
  const code = reportFailure(error, (part) => (text += part));
  return { code, text };
}

describe('reportFailure', () => {
  it.each([
    ['a mistake on the command line', new UsageError('no such log'), 2, 'no such log\n'],
    [
      'a configuration',
      new ConfigError('CONFIG_INVALID', ['a.yaml:1: x', 'a.yaml:2: y']),
      2,
      'a.yaml:1: x\na.yaml:2: y\n',
    ],
    [
      'a port that is taken',
      new CertstreamError('WEB_PORT_IN_USE', 'cannot listen on :80'),
      2,
      'cannot listen on :80\n',
    ],
    ['a log that fails', new CertstreamError('CT_TIMEOUT', 'too slow'), 1, 'too slow\n'],
    ['text from outside', new CertstreamError('CT_NETWORK', 'a\n\u001b[2Jb'), 1, 'a\\n\\u001b[2Jb\n'],
    [
      'the system',
      Object.assign(new Error('no space left'), { code: 'ENOSPC' }),
      1,
      'Error: no space left\n',
    ],
    [
      'an error that commander has already written',
      new CommanderError(1, 'commander.unknownOption', 'x'),
      2,
      '',
    ],
    ['--help', new CommanderError(0, 'commander.help', ''), 0, ''],
  ])('%s', (_, error, code, text) => {
    expect(report(error)).toEqual({ code, text });
  });

  it('a damaged position file is a mistake of the user', () => {
    const error = Object.assign(new CertstreamError('CT_INDEX_FILE_DAMAGED', 'not JSON'), { exitCode: 2 });
    expect(report(error).code).toBe(2);
  });

  it('a defect shows its stack', () => {
    expect(report(new TypeError('x is not a function')).text).toMatch(
      /TypeError: x is not a function\n +at /,
    );
  });
});
