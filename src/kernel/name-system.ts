import dns from 'node:dns';
import { readFile } from 'node:fs/promises';

/** Source of the addresses of names. Tests replace it. */
export interface NameSystem {
  /**
   * Looks up a name with the operating system: hosts file, search domains and the other sources of nsswitch.conf. Each
   * look-up blocks one of libuv's threads for look-ups (two of four) until the name servers answer or the system gives up.
   */
  lookup(name: string): Promise<string[]>;
  /** Reads the hosts file, and queries the name servers if it does not contain the name. Blocks no thread. Fails within seconds. */
  query(name: string): Promise<string[]>;
}

const HOSTS_FILE = '/etc/hosts';
const QUERY_OPTIONS = { timeout: 1500, tries: 2 };

export const operatingSystem: NameSystem = {
  lookup: (name) =>
    new Promise((resolve, reject) => {
      dns.lookup(name, { all: true }, (error, found) => {
        if (error === null) resolve(found.map(({ address }) => address));
        else reject(error);
      });
    }),

  async query(name) {
    const hosts = inHostsFile(name, await readFile(HOSTS_FILE, 'utf8').catch(() => ''));
    if (hosts.length > 0) return hosts;
    const resolver = new dns.promises.Resolver(QUERY_OPTIONS);
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  },
};

/** Returns the addresses of a name in the text of a hosts(5) file. */
export function inHostsFile(name: string, text: string): string[] {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  if (!text.toLowerCase().includes(wanted)) return [];
  return text.split('\n').flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, '').toLowerCase().trim().split(/\s+/);
    return names.includes(wanted) ? [address] : [];
  });
}
