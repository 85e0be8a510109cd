/** Returns the URL in its normal form if it is an absolute http or https URL without user name; otherwise undefined. */
export function safeLink(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, href } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' ? href : undefined;
}

const TILE_WIDTH = 256;

/**
 * Returns the URL of the data tile that contains an entry of a tiled log (static-ct-api, "Log Entries"). The log serves it as soon as
 * the tile is full.
 * @param monitoring the monitoring prefix of the log.
 */
export function dataTileLink(monitoring: string, index: number): string | undefined {
  const base = safeLink(monitoring);
  if (base === undefined || !Number.isSafeInteger(index) || index < 0) return undefined;
  const groups = [];
  for (
    let rest = Math.floor(index / TILE_WIDTH);
    rest > 0 || groups.length === 0;
    rest = Math.floor(rest / 1000)
  )
    groups.unshift(String(rest % 1000).padStart(3, '0'));
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `${base.replace(/\/+$/, '')}/tile/data/${path}`;
}
