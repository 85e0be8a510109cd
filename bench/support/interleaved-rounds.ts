/** A piece of work to measure. */
export interface Stage {
  readonly name: string;
  /** Prepares a run. It is called before each run and not measured. */
  readonly prepare?: () => void;
  /** @returns the number of processed entries. */
  readonly run: () => number;
}

/** CPU time per entry in microseconds: user and system time of all threads, including garbage collector and compiler. */
export interface StageResult {
  readonly name: string;
  readonly median: number;
  readonly lowest: number;
  /** Value of every round, in order. */
  readonly samples: readonly number[];
  /** Half of the distance between the quartiles, as a share of the median. */
  readonly spread: number;
}

/**
 * Runs every stage once per round, so that other load on the machine slows all stages alike. It measures CPU time instead of
 * wall-clock time, because the process may have to wait for its core.
 */
export function measureInterleaved(stages: readonly Stage[], rounds: number, warmUp: number): StageResult[] {
  const samples = stages.map((): number[] => []);
  for (let round = -warmUp; round < rounds; round++) {
    stages.forEach(({ prepare, run }, i) => {
      prepare?.();
      const before = process.cpuUsage();
      const entries = run();
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) samples[i].push((user + system) / entries);
    });
  }
  return stages.map(({ name }, i) => summary(name, samples[i]));
}

function summary(name: string, samples: readonly number[]): StageResult {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))];
  const median = at(0.5);
  return { name, samples, median, lowest: sorted[0], spread: (at(0.75) - at(0.25)) / 2 / median };
}

/** Returns median and quartiles of the ratios of the costs of two stages in each round. */
export function ratioByRounds(
  dearer: StageResult,
  cheaper: StageResult,
): { median: number; quartiles: [number, number] } {
  const ratios = dearer.samples.map((sample, round) => sample / cheaper.samples[round]).sort((a, b) => a - b);
  const at = (share: number): number => ratios[Math.round(share * (ratios.length - 1))];
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)] };
}
