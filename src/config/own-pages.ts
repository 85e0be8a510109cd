/** Paths of the web listener's own pages, in lower case; `:name` is any segment. */
const OWN_PAGES = [
  '/example.json',
  '/latest.json',
  '/healthz',
  '/health',
  '/readyz',
  '/logs',
  '/stats',
  '/api/stats',
  '/api/logs',
  '/api/outputs',
  '/api/cluster',
  '/api/cert/:hash',
  '/api/entries/:log/:index',
  '/openapi.json',
  '/asyncapi.json',
  '/schemas/:name',
  '/dashboard/config.json',
  '/dashboard/data.json',
  '/dashboard/assets/:file',
].map((path) => path.split('/'));

/** Whether a page of this server has the path, whatever the configuration says. */
export function isOwnPage(path: string): boolean {
  const parts = path.toLowerCase().split('/');
  return OWN_PAGES.some(
    (page) =>
      page.length === parts.length && page.every((part, at) => part.startsWith(':') || part === parts[at]),
  );
}
