import dns from 'node:dns';
import { readFile } from 'node:fs/promises';

/** Where addresses of names come from. Tests bring their own. */
export interface NameSystem {
  /**
   * What the operating system says: hosts file, search domains, whatever nsswitch.conf names. Each look-up holds one of
   * the threads that libuv has for them (two of four) until the name servers have answered or have been given up.
   */
  lookup(name: string): Promise<string[]>;
  /** What the hosts file says, else the name servers themselves; holds no thread. Fails within seconds. */
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

/** The addresses of a name in a file as hosts(5) has it. */
export function inHostsFile(name: string, text: string): string[] {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  if (!text.toLowerCase().includes(wanted)) return [];
  return text.split('\n').flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, '').toLowerCase().trim().split(/\s+/);
    return names.includes(wanted) ? [address] : [];
  });
}
