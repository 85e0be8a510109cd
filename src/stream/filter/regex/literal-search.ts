import { HashTable } from '../hash-table.js';

/** Octets of a literal that are looked up at every position of a name. */
const GRAM = 3;

interface Literal {
  readonly octets: Buffer;
  readonly owners: number[];
}

/**
 * Finds which literals are in a name. At every position the next three octets are looked up; a literal that begins with them
 * is compared. In contrast to an Aho–Corasick automaton, adding and removing a literal costs only its own length.
 */
export class LiteralSearch {
  private readonly table = new HashTable();
  private readonly literals: (Literal | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private readonly ids = new Map<string, number>();

  /** Adds a literal of at least three ASCII characters. */
  add(text: string, owner: number): void {
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.freeIds.pop() ?? this.literals.length;
      const octets = Buffer.from(text);
      this.literals[id] = { octets, owners: [] };
      this.ids.set(text, id);
      this.table.add(gramAt(octets, 0), id);
    }
    this.literals[id]!.owners.push(owner);
  }

  remove(text: string, owner: number): void {
    const id = this.ids.get(text);
    const literal = id === undefined ? undefined : this.literals[id];
    if (id === undefined || literal === undefined) return;
    const at = literal.owners.indexOf(owner);
    if (at >= 0) literal.owners.splice(at, 1);
    if (literal.owners.length > 0) return;
    this.table.remove(gramAt(literal.octets, 0), id);
    this.literals[id] = undefined;
    this.freeIds.push(id);
    this.ids.delete(text);
  }

  /** Calls `found` for every owner of every literal in `name[start, end)`, once for each place. */
  search(name: Buffer, start: number, end: number, found: (owner: number) => void): void {
    const { table } = this;
    if (table.size === 0) return;
    for (let at = start; at + GRAM <= end; at++) {
      const gram = gramAt(name, at);
      if (!table.mayHave(gram)) continue;
      for (let slot = table.first(gram); slot >= 0; slot = table.next(gram, slot)) {
        const { octets, owners } = this.literals[table.at(slot)]!;
        if (at + octets.length > end || !isAt(name, at, octets)) continue;
        for (const owner of owners) found(owner);
      }
    }
  }
}

function gramAt(octets: Buffer, at: number): number {
  return (octets[at] << 16) | (octets[at + 1] << 8) | octets[at + 2];
}

function isAt(name: Buffer, at: number, octets: Buffer): boolean {
  for (let i = GRAM; i < octets.length; i++) if (name[at + i] !== octets[i]) return false;
  return true;
}
