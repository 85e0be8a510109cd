import { describe, expect, it } from 'vitest';
import { SeededNumbers } from '../certificate/testing/seeded-numbers.js';
import { JsonTextError, parseBoundedJson } from './bounded-json.js';

const MIB = 1024 * 1024;
const TEXTS = ['', 'a', '"', '\\', '\\"', '[{,:}]', '\\\\', '\u0000\u001f', 'é', '😀', '/', 'leaf_input'];

/** Returns a random document, and the number of colons, commas and opening brackets in its text. */
function randomValue(random: SeededNumbers, depth: number): { value: unknown; structure: number } {
  const kind = random.below(depth > 5 ? 4 : 6);
  if (kind === 0) return { value: random.pick([null, true, false]), structure: 0 };
  if (kind === 1) return { value: random.pick([0, -1, 1.5e300, 12345678901234, 1e-7]), structure: 0 };
  if (kind <= 3) return { value: random.pick(TEXTS), structure: 0 };
  const parts = Array.from({ length: random.below(5) }, () => randomValue(random, depth + 1));
  const inside = parts.reduce((sum, part) => sum + part.structure, 0);
  const commas = Math.max(0, parts.length - 1);
  const values = parts.map(({ value }) => value);
  if (kind === 4) return { value: values, structure: 1 + commas + inside };
  const pairs = values.map((value, i) => [`${random.pick(TEXTS)}${i}`, value] as const);
  return { value: Object.fromEntries(pairs), structure: 1 + commas + parts.length + inside };
}

const parse = (text: string | Buffer, maxStructure = 100): unknown =>
  parseBoundedJson(typeof text === 'string' ? Buffer.from(text) : text, { maxStructure });

describe('parseBoundedJson', () => {
  it('reads every document within its bounds as JSON.parse does, and refuses all others', () => {
    const random = new SeededNumbers(20);
    for (let round = 0; round < 3000; round++) {
      const { value, structure } = randomValue(random, 0);
      const spaces = random.pick([undefined, 1, '\t']);
      const text = JSON.stringify(value, undefined, spaces);
      expect(parse(text, structure)).toEqual(JSON.parse(text));
      const escaped = text.replaceAll('/', '\\/').replaceAll('é', '\\u00e9');
      expect(parse(escaped, structure)).toEqual(value);
      if (structure > 0) expect(() => parse(text, structure - 1)).toThrow(JsonTextError);
    }
  });

  it('reads the same damaged documents as JSON.parse, and refuses the others', () => {
    const random = new SeededNumbers(21);
    const characters = '{}[]:,"\\ \n0eu+-t'.split('');
    for (let round = 0; round < 3000; round++) {
      const text = JSON.stringify(randomValue(random, 0).value).split('');
      text[random.below(text.length)] = random.pick(characters);
      // Half a surrogate pair becomes a replacement character in UTF-8.
      const damaged = Buffer.from(text.join('')).toString();
      let expected: unknown = JsonTextError;
      try {
        expected = { value: JSON.parse(damaged) as unknown };
      } catch {
        // Not JSON any more.
      }
      if (expected === JsonTextError) expect(() => parse(damaged, Infinity)).toThrow(JsonTextError);
      else expect({ value: parse(damaged, Infinity) }).toEqual(expected);
    }
  });

  it('reads 64 nested objects, but not 65', () => {
    const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    expect(parse(nested(64), 128)).toEqual(JSON.parse(nested(64)));
    expect(() => parse(nested(65), Infinity)).toThrow(/nested/);
    // Siblings do not count as nested.
    expect(parse(JSON.stringify(Array.from({ length: 90 }, () => [])), 200)).toHaveLength(90);
  });

  it.each([
    ['lists within lists', Buffer.alloc(64 * MIB, '[')],
    ['objects side by side', Buffer.alloc(64 * MIB, '{},')],
    ['objects within objects', Buffer.alloc(64 * MIB, '{"a":')],
    ['the same key again and again', Buffer.from(`{${'"a":1,'.repeat(8 * MIB)}"a":1}`)],
    ['numbers', Buffer.from(`[${'1,'.repeat(30 * MIB)}1]`)],
    ['strings', Buffer.from(`[${'"",'.repeat(20 * MIB)}1]`)],
  ])('refuses megabytes of %s without memory for them', (_what, bomb) => {
    const before = process.memoryUsage();
    expect(() => parse(bomb, 1000)).toThrow(JsonTextError);
    const after = process.memoryUsage();
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(8 * MIB);
  });

  it.each([
    ['a byte order mark', '\ufeff{}'],
    ['space only', Buffer.alloc(MIB, ' ')],
    ['nothing', ''],
    ['a string without end', `"${'a'.repeat(1000)}`],
    ['an escape without end', '"\\'],
    ['half an escape', Buffer.alloc(MIB, '"\\u004')],
  ])('refuses %s', (_what, text) => {
    expect(() => parse(text)).toThrow(JsonTextError);
  });

  it('reads a string or a number of megabytes', () => {
    expect(parse(`"${'\\u0041'.repeat(MIB)}"`)).toBe('A'.repeat(MIB));
    expect(parse(`{"${'k'.repeat(MIB)}":1}`)).toEqual({ ['k'.repeat(MIB)]: 1 });
    expect(parse(`[${'1'.repeat(MIB)}]`)).toEqual([Infinity]);
  });

  it('decodes every octet as one character with latin1', () => {
    const text = Buffer.from('"é"');
    expect(parseBoundedJson(text, { maxStructure: 0, encoding: 'latin1' })).toBe('Ã©');
  });
});
