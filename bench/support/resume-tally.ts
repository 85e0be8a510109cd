import type { CertificateUpdate } from '../../src/certificate/certificate-message.js';
import type { ResumeClient } from './resume-client.js';

/** What one client got in comparison with what it wanted. */
export interface ResumeRow {
  readonly name: string;
  readonly connections: number;
  readonly messages: number;
  readonly wanted: number;
  readonly missing: number;
  readonly repeated: number;
  readonly slowGaps: number;
}

export interface PublishedLog {
  readonly url: string;
  readonly size: number;
}

/** The parts of a lite message that the wishes of other clients depend on. */
interface KnownEntry {
  readonly certificate: string;
  readonly names: string;
  readonly isMatch: boolean;
}

/**
 * Compares the clients of a resume test with the simulated logs. The first client gets every lite message; its messages say which
 * entries the others want.
 */
export class ResumeTally {
  private readonly known = new Map<string, KnownEntry>();
  private readonly certificates = new Set<string>();
  private readonly names = new Map<string, number>();

  /**
   * @param clients in this order: lite, lite, domains, filtered, unique, full.
   * @param domains the names of the filter.
   */
  constructor(
    private readonly clients: readonly ResumeClient[],
    private readonly domains: readonly string[],
  ) {
    const [lite, , names, , unique] = clients;
    lite.onMessage = ({ url, index, text }) => this.known.set(`${url} ${index}`, this.entryOf(text));
    names.onMessage = ({ text }) => {
      const { data } = JSON.parse(text) as { readonly data: readonly string[] };
      const key = data.join(' ');
      this.names.set(key, (this.names.get(key) ?? 0) + 1);
    };
    unique.onMessage = ({ text }) => this.certificates.add(this.entryOf(text).certificate);
  }

  /** @param from the first index of each log that clients want. */
  rows(logs: readonly PublishedLog[], from: number): ResumeRow[] {
    const [lite, slow, names, filtered, unique, full] = this.clients;
    const keys = logs.flatMap(({ url, size }) =>
      Array.from({ length: size - from }, (_, i) => [url, from + i] as const),
    );
    const all = [...this.known.values()];
    const matching = keys.filter(([url, index]) => this.known.get(`${url} ${index}`)?.isMatch === true);
    const certificates = new Set(all.map(({ certificate }) => certificate));
    const wantedNames = new Map<string, number>();
    for (const { names: key } of all) wantedNames.set(key, (wantedNames.get(key) ?? 0) + 1);
    let missingNames = 0;
    for (const [key, count] of wantedNames) missingNames += Math.max(0, count - (this.names.get(key) ?? 0));
    const missing = (client: ResumeClient, wanted: typeof keys): number =>
      wanted.filter(([url, index]) => !client.has(url, index)).length;
    const whole = [lite, slow, full].map((client) => rowOf(client, keys.length, missing(client, keys)));
    const repeatedNames = names.counts.messages - all.length + missingNames;
    return [
      whole[0],
      whole[1],
      whole[2],
      { ...rowOf(names, all.length, missingNames), repeated: repeatedNames },
      rowOf(filtered, matching.length, missing(filtered, matching)),
      rowOf(unique, certificates.size, certificates.size - this.certificates.size),
    ];
  }

  private entryOf(text: string): KnownEntry {
    const { data } = JSON.parse(text) as CertificateUpdate;
    const { all_domains: names, serial_number: serial } = data.leaf_cert;
    return {
      certificate: serial,
      names: names.join(' '),
      isMatch: names.some((name) => this.isMatch(name)),
    };
  }

  private isMatch(name: string): boolean {
    const plain = name.toLowerCase().replace(/\.$/, '');
    return this.domains.some((domain) => plain === domain || plain.endsWith(`.${domain}`));
  }
}

function rowOf({ options: { name }, counts }: ResumeClient, wanted: number, missing: number): ResumeRow {
  return { name, ...counts, wanted, missing };
}
