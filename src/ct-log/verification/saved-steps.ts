import type { LogState } from '../state/log-state.js';

/** Saves what a delivery has reached; a newer head of the same tree is not worth a write. */
export class SavedSteps {
  private last = '';

  constructor(private readonly save: (state: LogState) => void) {}

  reached(state: LogState): void {
    const step = [state.next, state.verified?.size, state.head?.treeSize].join(' ');
    if (step === this.last) return;
    this.last = step;
    this.save(state);
  }
}
