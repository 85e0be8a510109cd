import { describe, expect, it } from 'vitest';
import { frameHeaderLength, MAX_FRAME_HEADER, writeFrameHeader } from './frame-header.js';

function header(payloadLength: number, compressed = false): string {
  const target = Buffer.alloc(MAX_FRAME_HEADER + 2, 0xee);
  writeFrameHeader(target, 1, payloadLength, compressed);
  const length = frameHeaderLength(payloadLength);
  expect(target[0]).toBe(0xee);
  expect(target[length + 1]).toBe(0xee);
  return target.subarray(1, length + 1).toString('hex');
}

describe(writeFrameHeader.name, () => {
  it.each([
    [0, '8100'],
    [1, '8101'],
    [125, '817d'],
    [126, '817e007e'],
    [256, '817e0100'],
    [65_535, '817effff'],
    [65_536, '817f0000000000010000'],
    [0x7fff_ffff, '817f000000007fffffff'],
    [0xffff_ffff, '817f00000000ffffffff'],
    [0x1_0000_0001, '817f0000000100000001'],
  ])('%i bytes', (length, expected) => {
    expect(header(length)).toBe(expected);
  });

  it('marks a compressed message with RSV1', () => {
    expect(header(5, true)).toBe('c105');
    expect(header(300, true)).toBe('c17e012c');
  });
});
