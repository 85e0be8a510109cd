import { createHash } from 'node:crypto';

const MANY_WEIGHTS = 50_000;

/**
 * Rendezvous hashing: each member of the cluster comes to the same result without a message. When a candidate comes or goes, only units
 * that move from it or to it change.
 */
export class Rendezvous {
  private readonly weights = new Map<string, string>();

  /**
   * Returns the candidate that is to have a unit: that with the greatest hash of its id and the unit.
   * @returns undefined without candidates.
   */
  preferred(unit: string, candidates: Iterable<string>): string | undefined {
    let best: { readonly id: string; readonly weight: string } | undefined;
    for (const id of candidates) {
      const weight = this.weight(id, unit);
      if (best === undefined || weight > best.weight) best = { id, weight };
    }
    return best?.id;
  }

  private weight(id: string, unit: string): string {
    const key = `${id}\0${unit}`;
    let weight = this.weights.get(key);
    if (weight === undefined) {
      weight = createHash('sha256').update(key).digest('hex');
      if (this.weights.size >= MANY_WEIGHTS) this.weights.clear();
      this.weights.set(key, weight);
    }
    return weight;
  }
}
