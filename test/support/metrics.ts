import type { TestSystem } from '../../src/testing/test-system.js';

const PREFIX = 'certstreamservergo_';

/**
 * Returns the samples of the metrics by name without prefix, with their labels as printed. @param url default: the
 * server's own port.
 */
export async function scrape(
  system: TestSystem,
  url = `${system.server.url}/metrics`,
): Promise<Map<string, number>> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  return samplesOf(await response.text());
}

export function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space).replace(PREFIX, ''), Number(line.slice(space + 1))];
    }),
  );
}
