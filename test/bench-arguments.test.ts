import { describe, expect, it } from 'vitest';
import { parseArguments } from '../bench/support/arguments.js';

const DEFAULTS = { minutes: 3, 'warm-up': 5, restart: 0 };

describe('the options of a benchmark', () => {
  it('are numbers or switches', () => {
    expect(parseArguments(['--minutes', '0.5', '--restart'], DEFAULTS)).toEqual({
      minutes: 0.5,
      'warm-up': 5,
      restart: 1,
    });
  });

  it('are texts where the default is a text', () => {
    const defaults = { rate: 1, outputs: 'nats,file' };
    expect(parseArguments(['--rate', '5'], defaults)).toEqual({ rate: 5, outputs: 'nats,file' });
    expect(parseArguments(['--outputs', 'nsq'], defaults)).toEqual({ rate: 1, outputs: 'nsq' });
    expect(() => parseArguments(['--outputs', '--rate'], defaults)).toThrow('--outputs has no value');
  });

  it.each([
    [['--hours', '1'], 'unknown option "--hours"; the options are --minutes, --warm-up, --restart'],
    [['minutes', '1'], 'unknown option "minutes"'],
    [['--minutes', '1', '2'], 'unknown option "2"'],
    [['--toString', '1'], 'unknown option "--toString"'],
    [['--minutes', 'ten'], '--minutes "ten" is not a number'],
    [['--minutes', '-1'], '--minutes "-1" is not a number'],
  ])('refuse %j with one line', (words, says) => {
    expect(() => parseArguments(words, DEFAULTS)).toThrow(says);
  });
});
