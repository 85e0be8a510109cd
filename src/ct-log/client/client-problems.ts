/** Where a {@link CtLogClient} tells what its caller does not see: an answer that came in another way, or with a part missing. */
export interface ClientProblems {
  /** A failure that was made up for. */
  count(code: string): void;
  /** Something that lasts, or is lost. */
  note(code: string, message: string): void;
  /** What was noted is over. */
  settled(code: string): void;
}

export const NO_PROBLEMS: ClientProblems = {
  count: () => undefined,
  note: () => undefined,
  settled: () => undefined,
};
