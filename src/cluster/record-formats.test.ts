import { describe, expect, it } from 'vitest';
import { decodeLease, encodeLease } from './lease-record.js';
import { decodeBeat, encodeBeat } from './member-beat.js';
import { canWorkTogether, type MemberInfo } from './member-info.js';
import { Members } from './members.js';

// The texts of these formats are fixed: members of the version before write them.

describe('the record of a lease', () => {
  it.each([
    ['without a version', '{"owner":"aaaaaaaa"}', 'aaaaaaaa'],
    ['of format 1', '{"v":1,"owner":"aaaaaaaa"}', 'aaaaaaaa'],
    ['of format 1 that is free', '{"v":1,"owner":null}', null],
    ['with a key that a later version adds', '{"v":1,"owner":"aaaaaaaa","weight":3}', 'aaaaaaaa'],
    ['of a later format', '{"v":2,"owner":"aaaaaaaa"}', undefined],
    ['of a later format that says that it is free', '{"v":2,"owner":null}', undefined],
  ])('%s is read', (_what, text, owner) => {
    expect(decodeLease(Buffer.from(text))).toBe(owner);
  });

  it('is written in format 1', () => {
    expect(encodeLease('aaaaaaaa').toString()).toBe('{"v":1,"owner":"aaaaaaaa"}');
    expect(encodeLease(null).toString()).toBe('{"v":1,"owner":null}');
  });
});

describe('the beat of a member', () => {
  const member: MemberInfo = { id: 'bbbbbbbb', name: 'b', role: 'all', version: '1.0.0', startedAt: 5 };
  const text =
    '{"v":1,"id":"bbbbbbbb","name":"b","role":"all","version":"1.0.0","startedAt":5,"state":"active",' +
    '"groups":{"logs":{"wanted":["Oak"],"held":{"Oak":7},"freed":{}}}}';
  const beat = {
    member,
    state: 'active' as const,
    groups: new Map([['logs', { wanted: ['Oak'], held: new Map([['Oak', 7]]), freed: new Map() }]]),
  };

  it('of format 1 is written and read', () => {
    expect(encodeBeat(beat).toString()).toBe(text);
    expect(decodeBeat(Buffer.from(text))).toEqual(beat);
  });

  it('with a key that a later version adds is read', () => {
    expect(decodeBeat(Buffer.from(text.replace('{', '{"zone":"x",')))).toEqual(beat);
  });

  it('of a later format names its sender, if it has a name', () => {
    expect(decodeBeat(Buffer.from(text.replace('"v":1', '"v":2')))).toEqual({ format: 2, name: 'b' });
    expect(decodeBeat(Buffer.from('{"v":9}'))).toEqual({ format: 9, name: '' });
  });
});

describe(canWorkTogether, () => {
  it.each([
    ['1.4.2', '1.4.2', true],
    ['1.4.2', '1.4.9', true],
    ['1.4.2', '1.5.0', true],
    ['1.5.0-rc.1', '1.4.2', true],
    ['1.5.0+build.7', '1.6.0', true],
    ['1.4.2', '1.6.0', false],
    ['1.6.0', '1.4.2', false],
    ['1.9.0', '1.10.0', true],
    ['1.0.0', '2.0.0', false],
    ['2.0.0', '1.0.0', false],
    ['0.1.0', '1.0.0', false],
    ['1.0.0', 'main', false],
    ['main', 'main', true],
    ['1.0.0', '', false],
    ['1.0.0', '1.0', false],
  ])('%s and %s: %s', (one, other, expected) => {
    expect(canWorkTogether(one, other)).toBe(expected);
    expect(canWorkTogether(other, one)).toBe(expected);
  });
});

describe('a member of another version', () => {
  const self: MemberInfo = { id: 'aaaaaaaa', name: 'a', role: 'all', version: '1.4.0', startedAt: 0 };
  const linesFor = (version: string): string[] => {
    const lines: string[] = [];
    const note = (line: string): void => void lines.push(line);
    const members = new Members(self, { now: () => 0 }, { log: note, warn: note });
    const member = { ...self, id: 'bbbbbbbb', name: 'b', version };
    for (let beats = 0; beats < 3; beats++) members.hear({ member, state: 'active', groups: new Map() });
    expect(members.live().map(({ name }) => name)).toEqual(['a', 'b']);
    return lines;
  };

  it('joins, and is named in one line if the versions are too far apart', () => {
    expect(linesFor('1.5.0')).toEqual(['cluster: the member b joined']);
    expect(linesFor('1.6.0')).toEqual([
      'cluster: the member b joined',
      'cluster: the member b has version 1.6.0, and this one 1.4.0; only versions that are one minor version apart work together, ' +
        'so bring both to the same version, one minor version after another',
    ]);
    expect(linesFor('2.0.0')[1]).toContain('the member b has version 2.0.0, and this one 1.4.0');
  });
});
