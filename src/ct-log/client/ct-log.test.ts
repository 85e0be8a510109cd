import { describe, expect, it } from 'vitest';
import { type CtLog, isSameLog } from './ct-log.js';

const log: CtLog = {
  source: { name: 'Log', url: 'https://log.example', operator: 'Op', type: 'tiled' },
  submissionUrl: 'https://submit.example',
  key: Buffer.from('key'),
  dataTiles: false,
  mmd: 60,
  configured: false,
};

describe('isSameLog', () => {
  it('is true for a copy, even if it is configured', () => {
    expect(isSameLog(log, { ...log, key: Buffer.from('key'), configured: true })).toBe(true);
  });

  it.each<Partial<CtLog>>([
    { source: { ...log.source, operator: 'Other' } },
    { submissionUrl: undefined },
    { key: undefined },
    { key: Buffer.from('other') },
    { dataTiles: true },
    { mmd: 86_400 },
    { mmd: undefined },
  ])('is false with %j', (change) => {
    expect(isSameLog(log, { ...log, ...change })).toBe(false);
    expect(isSameLog({ ...log, ...change }, log)).toBe(false);
  });
});
