import { HASH_SEED, HashedIds, IdPool, spread } from './hashed-ids.js';

/** Numbers per node, side by side because they are read together. */
const NODE = 8;
const PARENT = 0;
/** The octet on the edge from the parent. */
const OCTET = 1;
/** Id of the text that ends here, plus 1; 0 if none does. */
const TEXT = 2;
/** The node of the longest proper suffix that is in the tree: the failure link of Aho and Corasick. */
const SUFFIX = 3;
/** The nearest node on the suffix links at which a text ends; 0 if there is none. */
const OUTPUT = 4;
/** {@link SubstringAutomaton.version} for which the two links are right. */
const VERSION = 5;
const CHILDREN = 6;
const ROOT = 0;
const FIRST_NODES = 64;

/**
 * Finds all texts of a set that another text contains, in one pass (Aho and Corasick, 1975). Texts can be added and removed at
 * any time at a cost that depends on their length only: links of nodes are computed when a search reaches the node for the first
 * time after a change. A search is linear in the length of the searched text. All texts are octets.
 */
export class SubstringAutomaton {
  private nodes = new Int32Array(FIRST_NODES * NODE);
  private readonly children = new HashedIds();
  /** Children of the root by octet; most steps of a search begin there. */
  private readonly first = new Int32Array(256);
  private readonly nodeIds = new IdPool();
  private readonly textIds = new IdPool();
  private readonly references: number[] = [];
  /** 1 for every text that the current search has found. */
  private isFound = new Uint8Array(16);
  private readonly foundIds: number[] = [];
  version = 1;
  /** Number of different texts. */
  size = 0;

  constructor() {
    this.nodeIds.take();
  }

  /** Adds a text of at least one octet, or a reference to it. @returns its id */
  add(text: Uint8Array): number {
    let node = ROOT;
    for (let i = 0; i < text.length; i++) node = this.child(node, text[i]) || this.append(node, text[i]);
    const at = node * NODE;
    if (this.nodes[at + TEXT] === 0) {
      const id = this.textIds.take();
      this.nodes[at + TEXT] = id + 1;
      this.references[id] = 0;
      if (id >= this.isFound.length) this.isFound = new Uint8Array(2 * this.isFound.length);
      this.version = (this.version + 1) | 0;
      this.size++;
    }
    const id = this.nodes[at + TEXT] - 1;
    this.references[id]++;
    return id;
  }

  /** Removes a reference to a text. Other texts stay, and an unknown text is ignored. */
  remove(text: Uint8Array): void {
    let node = ROOT;
    for (let i = 0; i < text.length; i++) {
      node = this.child(node, text[i]);
      if (node === ROOT) return;
    }
    const id = this.nodes[node * NODE + TEXT] - 1;
    if (id < 0 || --this.references[id] > 0) return;
    this.nodes[node * NODE + TEXT] = 0;
    this.textIds.release(id);
    this.version = (this.version + 1) | 0;
    this.size--;
    while (node !== ROOT && this.nodes[node * NODE + TEXT] === 0 && this.nodes[node * NODE + CHILDREN] === 0)
      node = this.detach(node);
  }

  /**
   * Calls `found` once for every text that occurs in `bytes[start, end)` or, if it was called with `more`, in the octets of the
   * next call.
   * @param found must not add or remove texts
   */
  search(bytes: Uint8Array, start: number, end: number, found: (id: number) => void, more = false): void {
    const { first } = this;
    let node = ROOT;
    for (let i = start; i < end; i++) {
      const octet = bytes[i];
      let next = node === ROOT ? first[octet] : this.child(node, octet);
      while (next === ROOT && node !== ROOT) {
        node = this.nodes[node * NODE + SUFFIX];
        next = node === ROOT ? first[octet] : this.child(node, octet);
      }
      node = next;
      if (node === ROOT) continue;
      if (this.nodes[node * NODE + VERSION] !== this.version) this.link(node);
      const output = this.nodes[node * NODE + TEXT] !== 0 ? node : this.nodes[node * NODE + OUTPUT];
      if (output !== 0) this.report(output, found);
    }
    if (!more) this.forgetFound();
  }

  private report(output: number, found: (id: number) => void): void {
    for (let node = output; node !== 0; node = this.nodes[node * NODE + OUTPUT]) {
      const id = this.nodes[node * NODE + TEXT] - 1;
      // The texts that follow on the links were found with this one.
      if (this.isFound[id] === 1) return;
      this.isFound[id] = 1;
      this.foundIds.push(id);
      found(id);
    }
  }

  private forgetFound(): void {
    for (const id of this.foundIds) this.isFound[id] = 0;
    this.foundIds.length = 0;
  }

  /** Computes the links of a node, and of the nodes from which they follow. */
  private link(node: number): void {
    const at = node * NODE;
    if (this.nodes[at + VERSION] === this.version) return;
    const parent = this.nodes[at + PARENT];
    let suffix = ROOT;
    if (parent !== ROOT) {
      this.link(parent);
      const octet = this.nodes[at + OCTET];
      let from = parent;
      do {
        from = this.nodes[from * NODE + SUFFIX];
        suffix = this.child(from, octet);
      } while (suffix === ROOT && from !== ROOT);
    }
    let output = 0;
    if (suffix !== ROOT) {
      this.link(suffix);
      output = this.nodes[suffix * NODE + TEXT] !== 0 ? suffix : this.nodes[suffix * NODE + OUTPUT];
    }
    this.nodes[at + SUFFIX] = suffix;
    this.nodes[at + OUTPUT] = output;
    this.nodes[at + VERSION] = this.version;
  }

  /** Returns the child of a node; the root if it has none for this octet. */
  private child(node: number, octet: number): number {
    if (node === ROOT) return this.first[octet];
    const { nodes } = this;
    const hash = edgeHash(node, octet);
    const slots = this.children.segment(hash);
    const mask = slots.length - 1;
    for (let at = hash & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const child = (slots[at] - 1) * NODE;
      if (nodes[child + PARENT] === node && nodes[child + OCTET] === octet) return slots[at] - 1;
    }
    return ROOT;
  }

  private append(parent: number, octet: number): number {
    const node = this.nodeIds.take();
    if ((node + 1) * NODE > this.nodes.length) {
      const larger = new Int32Array(2 * this.nodes.length);
      larger.set(this.nodes);
      this.nodes = larger;
    }
    const at = node * NODE;
    this.nodes.fill(0, at, at + NODE);
    this.nodes[at + PARENT] = parent;
    this.nodes[at + OCTET] = octet;
    this.nodes[parent * NODE + CHILDREN]++;
    if (parent === ROOT) this.first[octet] = node;
    else this.children.insert(edgeHash(parent, octet), node);
    return node;
  }

  /** Removes a node without children. @returns its parent */
  private detach(node: number): number {
    const parent = this.nodes[node * NODE + PARENT];
    this.nodes[parent * NODE + CHILDREN]--;
    if (parent === ROOT) this.first[this.nodes[node * NODE + OCTET]] = ROOT;
    else this.children.remove(node);
    this.nodeIds.release(node);
    return parent;
  }
}

function edgeHash(node: number, octet: number): number {
  return spread(Math.imul(node ^ HASH_SEED, 0x5bd1e995) ^ Math.imul(octet + 1, 0x85ebca6b));
}
