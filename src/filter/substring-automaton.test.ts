import { describe, expect, it } from 'vitest';
import { SeededNumbers } from '../certificate/testing/seeded-numbers.js';
import { SubstringAutomaton } from './substring-automaton.js';

function idsIn(automaton: SubstringAutomaton, text: string): number[] {
  const bytes = Buffer.from(text, 'latin1');
  const found: number[] = [];
  automaton.search(bytes, 0, bytes.length, (id) => found.push(id));
  return found.sort((a, b) => a - b);
}

describe(SubstringAutomaton.name, () => {
  it.each([1, 2, 3])('finds each contained text once, while texts come and go (seed %d)', (seed) => {
    const random = new SeededNumbers(seed);
    const automaton = new SubstringAutomaton();
    const ids = new Map<string, { id: number; references: number }>();
    const word = (size: number) => Array.from({ length: size }, () => random.pick(['a', 'b', 'c'])).join('');
    for (let round = 0; round < 2000; round++) {
      const text = word(1 + random.below(6));
      const known = ids.get(text);
      if (random.below(3) > 0) {
        const id = automaton.add(Buffer.from(text));
        expect(known === undefined || known.id === id).toBe(true);
        ids.set(text, { id, references: (known?.references ?? 0) + 1 });
      } else {
        automaton.remove(Buffer.from(text));
        if (known !== undefined && --known.references === 0) ids.delete(text);
      }
      const searched = word(random.below(20));
      const expected = [...ids].filter(([term]) => searched.includes(term)).map(([, { id }]) => id);
      expect(idsIn(automaton, searched)).toEqual(expected.sort((a, b) => a - b));
      expect(automaton.size).toBe(ids.size);
    }
  });

  it('takes at most two steps per octet for texts that repeat', () => {
    const automaton = new SubstringAutomaton();
    for (let size = 1; size <= 255; size++) automaton.add(Buffer.alloc(size, 'a'));
    automaton.add(Buffer.from('a'.repeat(254) + 'b'));
    // Looking for each term at each position would take longer than the time limit of a test.
    const name = Buffer.from(('a'.repeat(254) + 'c').repeat(40_000));
    let count = 0;
    automaton.search(name, 0, name.length, () => count++);
    expect(count).toBe(254);
  });
});
