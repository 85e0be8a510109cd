import { FileFolder } from '../../test/support/brokers/file-folder.js';
import { KafkaBroker, NO_KAFKA } from '../../test/support/brokers/kafka-broker.js';
import { findNatsServer, NATS_SERVER_MISSING, NatsServer } from '../../test/support/brokers/nats-server.js';
import { NsqdFake } from '../../test/support/brokers/nsqd-fake.js';
import type { TestBroker } from '../../test/support/brokers/test-broker.js';
import { WebhookReceiver } from '../../test/support/brokers/webhook-receiver.js';

export type Disturbance = 'kill' | 'pause';

/** An output of the server, with the broker that it leads to. */
export interface TestOutput {
  readonly name: string;
  readonly broker: TestBroker;
  /** The entry of `outputs`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The ways in which the broker can be disturbed. */
  readonly disturbances: readonly Disturbance[];
}

/** A broker with the ways in which it can be disturbed, and further keys of the output. */
interface StartedBroker {
  readonly broker: TestBroker;
  readonly disturbances?: readonly Disturbance[];
  readonly keys?: Readonly<Record<string, unknown>>;
}

/** Starts the broker of each type of output. @throws Error when it cannot run on this machine. */
const STARTERS: Readonly<Record<string, () => Promise<StartedBroker>>> = {
  async kafka() {
    if (NO_KAFKA !== undefined) throw new Error(NO_KAFKA);
    return { broker: await KafkaBroker.start() };
  },
  async nats() {
    const command = findNatsServer();
    if (command === undefined) throw new Error(NATS_SERVER_MISSING);
    return { broker: await NatsServer.start(command), keys: { max_gb: 0 } };
  },
  nsq: async () => ({ broker: await NsqdFake.start({ api: 'tcp' }) }),
  webhook: async () => ({ broker: await WebhookReceiver.start() }),
  async file() {
    const keys = { compression: 'gzip', rotate_mb: 4 };
    return { broker: await FileFolder.create(), disturbances: ['kill'], keys };
  },
};

export const OUTPUT_TYPES: readonly string[] = Object.keys(STARTERS);

/** @throws Error whose message is one line when a name is not one of `known`. */
export function checkTypes(names: readonly string[], known: readonly string[] = OUTPUT_TYPES): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`unknown output ${JSON.stringify(unknown)}; the outputs are ${known.join(', ')}`);
}

/** Starts the brokers of these types of outputs, and prints which ones cannot run on this machine. */
export async function startOutputs(
  types: readonly string[],
  print: (line: string) => void,
): Promise<TestOutput[]> {
  const outputs: TestOutput[] = [];
  for (const name of types) {
    try {
      const { broker, disturbances = ['kill', 'pause'], keys } = await STARTERS[name]();
      outputs.push({ name, broker, disturbances, settings: { name, ...broker.settings, ...keys } });
    } catch (error) {
      print(`${name} is left out: ${(error as Error).message}`);
    }
  }
  return outputs;
}
