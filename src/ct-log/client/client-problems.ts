/** Receives the problems of a `CtLogClient` that its caller cannot see: a request was repeated, or a part is missing. */
export interface ClientProblems {
  /** Counts a failure after which another request succeeded. */
  count(code: string): void;
  /** Counts and logs a lasting problem or a loss. */
  note(code: string, message: string): void;
  /** Ends a noted problem. */
  settled(code: string): void;
}

export const NO_PROBLEMS: ClientProblems = {
  count: () => undefined,
  note: () => undefined,
  settled: () => undefined,
};
