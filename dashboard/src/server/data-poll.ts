import type { DashboardData } from '../../../src/dashboard/dashboard-data.js';
import { Store } from '../state/store.js';
import { mergedHistory } from './history.js';
import { RequestError, type Server } from './server.js';

export interface PolledData {
  readonly data: DashboardData | undefined;
  /** Why the last request failed; empty if it did not. */
  readonly problem: string;
}

const INTERVAL_MS = 2000;
const TIMEOUT_MS = 10_000;

/** Requests the data of the pages every two seconds while one of them is visible. */
export class DataPoll {
  readonly state = new Store<PolledData>({ data: undefined, problem: '' });
  private isWanted = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isAsking = false;

  constructor(private readonly server: Server) {
    document.addEventListener('visibilitychange', () => this.ask());
    server.token.subscribe(() => this.ask());
    server.isTokenRefused.subscribe(() => this.ask());
  }

  setWanted(isWanted: boolean): void {
    this.isWanted = isWanted;
    if (isWanted) this.ask();
  }

  private ask(): void {
    if (this.isAsking || !this.isWanted || document.hidden || this.server.isTokenRefused.value) return;
    clearTimeout(this.timer);
    this.isAsking = true;
    void this.refresh().finally(() => {
      this.isAsking = false;
      this.timer = setTimeout(() => this.ask(), INTERVAL_MS);
    });
  }

  private async refresh(): Promise<void> {
    const { data: older } = this.state.value;
    try {
      const sinceMs = older?.history.server.times_ms.at(-1) ?? 0;
      const newer = await this.server.data(sinceMs, AbortSignal.timeout(TIMEOUT_MS));
      // A server that started meanwhile has other counts, and its samples begin anew.
      const isSame = older !== undefined && newer.uptime_seconds >= older.uptime_seconds;
      const history = mergedHistory(isSame ? older.history : undefined, newer.history);
      this.state.set({ data: { ...newer, history }, problem: '' });
    } catch (error) {
      const problem = error instanceof RequestError ? error.message : 'The server does not answer.';
      this.state.merge({ problem });
    }
  }
}
