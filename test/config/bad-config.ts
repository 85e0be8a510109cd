/** Text of a configuration file, and the parts of the one line that must report its mistake. */
export interface BadConfig {
  readonly name: string;
  readonly yaml: string;
  /** Line of the file that the message must name. */
  readonly line: number;
  readonly says: readonly string[];
}

/** @param yaml text of the file, in which | means a line feed. */
export function bad(name: string, yaml: string, line: number, ...says: string[]): BadConfig {
  return { name, yaml: `${yaml.replaceAll('|', '\n')}\n`, line, says };
}
