/** One thing to measure. */
export interface Stage {
  readonly name: string;
  /** Work that is not measured; called before each measured run. */
  readonly prepare?: () => void;
  /** @returns how many entries it went through. */
  readonly run: () => number;
}

/** CPU time (user and system, all threads: collector and compiler included) per entry, microseconds. */
export interface StageResult {
  readonly name: string;
  readonly median: number;
  readonly lowest: number;
  /** Of every round, in order. */
  readonly samples: readonly number[];
  /** Half of the rounds are within `median` plus and minus this share of it. */
  readonly spread: number;
}

/**
 * Runs every stage once per round, so that a busy neighbour slows all of them and not one; CPU time rather than
 * wall clock, because the process may have to wait for its core.
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

/** How many times as much one stage costs as another: the median and the quartiles of the ratios of single rounds. */
export function ratioByRounds(
  dearer: StageResult,
  cheaper: StageResult,
): { median: number; quartiles: [number, number] } {
  const ratios = dearer.samples.map((sample, round) => sample / cheaper.samples[round]).sort((a, b) => a - b);
  const at = (share: number): number => ratios[Math.round(share * (ratios.length - 1))];
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)] };
}
