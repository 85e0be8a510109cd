import { Child } from './child.js';
import type { ClientTally, WantedEntries } from './stock-clients.js';

export interface UpgradeClientsSetup {
  readonly url: string;
  readonly eventSources: number;
  readonly webSockets: number;
}

export type UpgradeClientsCommand =
  | { readonly do: 'count-open' }
  | {
      readonly do: 'tally';
      readonly wanted: readonly WantedEntries[];
    };

export interface UpgradeClientsAnswer {
  /** Clients with a connection. */
  readonly open: number;
  readonly eventSources: readonly ClientTally[];
  readonly webSockets: readonly ClientTally[];
}

/** Many stock clients in a process of their own. */
export class UpgradeClients {
  private constructor(private readonly child: Child<UpgradeClientsCommand, UpgradeClientsAnswer>) {}

  static async start(setup: UpgradeClientsSetup): Promise<UpgradeClients> {
    const { child } = await Child.start<UpgradeClientsCommand, UpgradeClientsAnswer>(
      './upgrade-clients-child.js',
      setup,
    );
    return new UpgradeClients(child);
  }

  async countOpen(): Promise<number> {
    return (await this.child.ask({ do: 'count-open' })).open;
  }

  tally(wanted: readonly WantedEntries[]): Promise<UpgradeClientsAnswer> {
    return this.child.ask({ do: 'tally', wanted });
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
