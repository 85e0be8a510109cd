/** What one entry costs, measured on the machine of docs/performance.md. */
export interface ClusterCosts {
  /** Microseconds of CPU time per entry of a whole server without clients at 3,000/s; "The whole server". */
  readonly serverMicroseconds: number;
  /** Part of it for the lite text; "The certificate engine". */
  readonly textMicroseconds: number;
  /** To publish an entry to the stream, and to read it there; "The journal of a cluster". */
  readonly publishMicroseconds: number;
  readonly readMicroseconds: number;
  /** To deliver one message to one client; "The delivery". */
  readonly deliveryMicroseconds: number;
  /** Octets of an entry in the stream; "The journal of a cluster". */
  readonly streamBytes: number;
  /** Octets of an entry from its log, with gzip, and of a lite message; "Sizing" in docs/operations.md. */
  readonly logBytes: number;
  readonly messageBytes: number;
}

/** The medians of docs/performance.md. */
export const MEASURED_COSTS: ClusterCosts = {
  serverMicroseconds: 23.1,
  textMicroseconds: 12.2,
  publishMicroseconds: 22.7,
  readMicroseconds: 24.4,
  deliveryMicroseconds: 1.2,
  streamBytes: 2160,
  logBytes: 2000,
  messageBytes: 2500,
};

/** A cluster of equal members that all follow logs and serve clients. */
export interface ClusterLoad {
  readonly members: number;
  /** Entries per second of all logs. */
  readonly rate: number;
  /** Lite clients of all members. */
  readonly clients: number;
  /** Largest part of the entries that one unit has, such as the logs of one operator: no member can have less than one unit. */
  readonly largestShare: number;
  /** Copies of the stream. */
  readonly replicas: number;
}

/** What a load takes, of the busiest member and of the NATS server that leads the stream. */
export interface ClusterUse {
  /** Part of the one thread that parses and sends. */
  readonly core: number;
  /** Octets per second that the member sends and receives. */
  readonly memberOut: number;
  readonly memberIn: number;
  /** Octets per second that the NATS server sends, and that it stores. */
  readonly natsOut: number;
  readonly natsStored: number;
}

/** What may be used. */
export interface ClusterLimits {
  /** Part of a core. */
  readonly core: number;
  /** Octets per second of a network connection, in each direction. */
  readonly link: number;
}

/** Computes what a load takes. */
export function clusterUse(load: ClusterLoad, costs: ClusterCosts): ClusterUse {
  const { members, rate, clients, largestShare, replicas } = load;
  const share = Math.max(1 / members, largestShare);
  const ingest = costs.serverMicroseconds - costs.textMicroseconds + costs.publishMicroseconds;
  const gateway = costs.readMicroseconds + costs.textMicroseconds;
  const each = clients / members;
  return {
    core: (rate * (share * ingest + gateway + each * costs.deliveryMicroseconds)) / 1e6,
    memberOut: rate * (each * costs.messageBytes + share * costs.streamBytes),
    memberIn: rate * (share * costs.logBytes + costs.streamBytes),
    natsOut: rate * costs.streamBytes * (members + replicas - 1),
    natsStored: rate * costs.streamBytes,
  };
}

/** Returns the parts of the limits that a load takes, the greatest one first. Above 1, the load is too much. */
export function clusterPressure(
  load: ClusterLoad,
  costs: ClusterCosts,
  limits: ClusterLimits,
): readonly (readonly [limit: string, part: number])[] {
  const use = clusterUse(load, costs);
  const parts: [string, number][] = [
    ['CPU of a member', use.core / limits.core],
    ['network of a member', Math.max(use.memberOut, use.memberIn) / limits.link],
    ['network of a NATS server', Math.max(use.natsOut, use.natsStored) / limits.link],
  ];
  return parts.sort(([, a], [, b]) => b - a);
}

/** Returns the largest whole number from 0 on for which the load fits, by halving. `fits` must not become true again. */
export function largest(fits: (number: number) => boolean): number {
  if (!fits(0)) return 0;
  let [low, high] = [0, 1];
  while (fits(high)) {
    if (high > 1e12) return Infinity;
    [low, high] = [high, high * 2];
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
