import { FileFolder } from '../../test/support/brokers/file-folder.js';
import type { TestBroker } from '../../test/support/brokers/test-broker.js';

export type Disturbance = 'kill' | 'pause';

/** An output of the server, with the broker that it leads to. */
export interface TestOutput {
  readonly name: string;
  readonly broker: TestBroker;
  /** The ways in which the broker can be disturbed. */
  readonly disturbances: readonly Disturbance[];
}

/** Starts the broker of each type of output. @throws Error when it cannot run on this machine. */
const STARTERS: Readonly<Record<string, () => Promise<Omit<TestOutput, 'name'>>>> = {
  file: async () => ({
    broker: await FileFolder.create({ compression: 'gzip', rotate_mb: 4 }),
    disturbances: ['kill'],
  }),
};

export const OUTPUT_TYPES: readonly string[] = Object.keys(STARTERS);

/**
 * Starts the brokers of these types of outputs, and prints which ones cannot run here.
 * @throws Error whose message is one line when a type is not known or none can run.
 */
export async function startOutputs(
  types: readonly string[],
  print: (line: string) => void,
): Promise<TestOutput[]> {
  const unknown = types.find((type) => !OUTPUT_TYPES.includes(type));
  if (unknown !== undefined)
    throw new Error(`unknown output ${JSON.stringify(unknown)}; the outputs are ${OUTPUT_TYPES.join(', ')}`);
  const outputs: TestOutput[] = [];
  for (const name of types) {
    try {
      outputs.push({ name, ...(await STARTERS[name]()) });
    } catch (error) {
      print(`${name} is left out: ${(error as Error).message}`);
    }
  }
  if (outputs.length === 0) throw new Error('no broker can run on this machine');
  return outputs;
}
