import { Logger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';

import { CertstreamError } from '../kernel/certstream-error.js';
import { AppLogger, type AppLoggerOptions } from './app-logger.js';

const NOW = Date.UTC(2026, 10, 22, 10, 0, 0, 123);

function logger(options: Partial<AppLoggerOptions> = {}) {
  const lines: string[] = [];
  const sut = new AppLogger({
    level: 'debug',
    format: 'text',
    write: (line) => lines.push(line),
    now: () => NOW,
    ...options,
  });
  return { sut, lines };
}

/** Passes a call through Nest's own Logger and returns the lines of AppLogger. */
function throughNest(options: Partial<AppLoggerOptions>, call: (nest: Logger) => void): string[] {
  const { sut, lines } = logger(options);
  Logger.overrideLogger(sut);
  try {
    call(new Logger('LogTailer'));
  } finally {
    Logger.overrideLogger(new AppLogger({ level: 'info', format: 'text' }));
  }
  return lines;
}

describe('AppLogger, text', () => {
  it('writes time, level, context, message and fields on one line', () => {
    const lines = throughNest({}, (nest) =>
      nest.log('following', { log: 'https://ct.example/a', size: 12, name: 'Log "A" 1' }),
    );
    expect(lines).toEqual([
      '2026-11-22T10:00:00.123Z INFO  [LogTailer] following log=https://ct.example/a size=12 name="Log \\"A\\" 1"\n',
    ]);
  });

  it('leaves out an empty context', () => {
    const { sut, lines } = logger();
    sut.warn('careful', { count: 3 });
    expect(lines).toEqual(['2026-11-22T10:00:00.123Z WARN  careful count=3\n']);
  });

  it('escapes characters that could forge a line or control a terminal', () => {
    const { sut, lines } = logger();
    sut.log('bad\n2026-11-22T10:00:00.000Z INFO forged', {
      name: '\u001b[2Jx\u0085\u2028\u202e',
      'k\n': 'a',
    });
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(1);
    expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Zl}\p{Bidi_Control}](?!$)/u);
    expect(lines[0]).toContain(String.raw`bad\n2026-11-22T10:00:00.000Z INFO forged`);
  });

  it('prints an expected error with its code and causes but without a stack', () => {
    const cause = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' });
    const error = new CertstreamError('CT_UNREACHABLE', 'the log does not answer', { cause });
    expect(throughNest({}, (nest) => nest.error('cannot read', error))).toEqual([
      '2026-11-22T10:00:00.123Z ERROR [LogTailer] cannot read\n' +
        '    CertstreamError (CT_UNREACHABLE): the log does not answer\n' +
        '    caused by Error (ECONNREFUSED): connect refused\n',
    ]);
    expect(throughNest({}, (nest) => nest.warn(error))[0]).toBe(
      '2026-11-22T10:00:00.123Z WARN  [LogTailer] the log does not answer (CT_UNREACHABLE)\n' +
        '    caused by Error (ECONNREFUSED): connect refused\n',
    );
  });

  it('prints the stack frames of a defect without the message in front of them', () => {
    const [line] = throughNest({}, (nest) => nest.error(new TypeError('x is\nundefined')));
    expect(line).toMatch(/ERROR \[LogTailer\] x is\\nundefined\n {6}at .*app-logger\.test/);
  });

  it('accepts a stack as text, as Nest passes it, and an error among the fields', () => {
    const { sut, lines } = logger();
    sut.error('boom', 'Error: boom\n    at somewhere (file.ts:1:1)', 'ExceptionsHandler');
    sut.warn('retry', { error: new CertstreamError('CT_TIMEOUT', 'too slow'), log: 'a' });
    expect(lines[0]).toBe(
      '2026-11-22T10:00:00.123Z ERROR [ExceptionsHandler] boom\n      at somewhere (file.ts:1:1)\n',
    );
    expect(lines[1]).toBe(
      '2026-11-22T10:00:00.123Z WARN  retry log=a\n    CertstreamError (CT_TIMEOUT): too slow\n',
    );
  });

  it.each(['text', 'json'] as const)('cuts a very long message, %s', (format) => {
    const { sut, lines } = logger({ format });
    sut.log('x'.repeat(1_000_000), { y: 'y'.repeat(1_000_000) });
    expect(lines[0].length).toBeLessThan(10_000);
  });
});

describe('AppLogger, json', () => {
  it('writes one object per line that contains the message and the fields', () => {
    const [line] = throughNest({ format: 'json' }, (nest) =>
      nest.log('following', { log: 'https://ct.example/a', size: 12n, level: 'mine' }),
    );
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({
      time: '2026-11-22T10:00:00.123Z',
      level: 'info',
      context: 'LogTailer',
      message: 'following',
      log: 'https://ct.example/a',
      size: '12',
      level_: 'mine',
    });
  });

  it('keeps the code, the causes and the members of an AggregateError', () => {
    const { sut, lines } = logger({ format: 'json' });
    const cause = new AggregateError(
      [Object.assign(new Error('v6'), { code: 'EHOSTUNREACH' })],
      'all failed',
    );
    sut.error('cannot read', new CertstreamError('CT_UNREACHABLE', 'gone', { cause }));
    const { error } = JSON.parse(lines[0]) as { error: { code: string; causes: { message: string }[] } };
    expect(error.code).toBe('CT_UNREACHABLE');
    expect(error.causes.map((each) => each.message)).toEqual(['all failed', 'v6']);
  });

  it('survives circular and hostile fields', () => {
    const { sut, lines } = logger({ format: 'json' });
    const circle: Record<string, unknown> = { text: '\u009b1m\u2028' };
    circle['self'] = circle;
    sut.log('x', { circle });
    sut.log('y', {
      bad: {
        toJSON() {
          throw new Error('no');
        },
      },
    });
    expect(JSON.parse(lines[0])).toMatchObject({ circle: { text: '\u009b1m\u2028', self: '(circular)' } });
    expect(lines[0]).not.toMatch(/[\u0080-\u009f\u2028]/);
    expect(lines[1]).toContain('not writable');
  });
});

describe('AppLogger, levels', () => {
  const all = (sut: AppLogger) => {
    for (const level of ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const) sut[level](level);
  };

  it.each([
    ['error', ['fatal', 'error']],
    ['warn', ['fatal', 'error', 'warn']],
    ['info', ['fatal', 'error', 'warn', 'log']],
    ['debug', ['fatal', 'error', 'warn', 'log', 'debug', 'verbose']],
  ] as const)('%s', (level, expected) => {
    const { sut, lines } = logger({ level, format: 'json' });
    all(sut);
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(expected);
  });

  it('does not log errors of the start, because they are thrown to the caller', () => {
    const { sut, lines } = logger({ level: 'info' });
    sut.error(new Error('listen EADDRINUSE'), undefined, 'NestApplication');
    sut.error(new Error('no proxy'), 'stack', 'ExceptionHandler');
    sut.error(new Error('of a request'), 'stack', 'ExceptionsHandler');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('of a request');
  });

  it('logs routine messages of Nest at level debug only', () => {
    const { sut, lines } = logger({ level: 'info' });
    sut.log('Mapped {/healthz, GET} route', 'RouterExplorer');
    sut.warn('trouble', 'RouterExplorer');
    expect(lines).toHaveLength(1);
  });
});
