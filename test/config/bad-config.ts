/** Text of a configuration file and what the one line about it must say. */
export interface BadConfig {
  readonly name: string;
  readonly yaml: string;
  /** Line of the file that must be named. */
  readonly line: number;
  readonly says: readonly string[];
}

/** `yaml` with | for the line feed. */
export function bad(name: string, yaml: string, line: number, ...says: string[]): BadConfig {
  return { name, yaml: `${yaml.replaceAll('|', '\n')}\n`, line, says };
}
