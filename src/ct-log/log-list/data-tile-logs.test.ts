import { describe, expect, it } from 'vitest';
import type { CtLog } from '../client/ct-log.js';
import { withDataTiles } from './data-tile-logs.js';

function log(url: string, type: 'rfc6962' | 'tiled' = 'rfc6962'): CtLog {
  return { source: { name: 'A', url, operator: 'Op', type }, configured: false };
}

describe('withDataTiles', () => {
  it.each([
    ['https://ct.example.com/log2026a', true],
    ['ct.example.com/log2026a/', true],
    ['https://CT.example.com/log*', true],
    ['*.example.com/*', true],
    ['https://ct.example.com', false],
    ['https://ct.example.com/log', false],
    ['https://ctxexample.com/log2026a', false],
  ])('%s', (pattern, expected) => {
    expect(withDataTiles(log('https://ct.example.com/log2026a'), ['other', pattern]).dataTiles ?? false).toBe(
      expected,
    );
  });

  it('changes only RFC 6962 logs', () => {
    expect(withDataTiles(log('https://ct.example.com/a', 'tiled'), ['*']).dataTiles).toBeUndefined();
  });
});
