export const PAGES = ['live', 'logs', 'clients', 'system'] as const;

export type Page = (typeof PAGES)[number];

/** A place in the page: what follows `#` in its URL. */
export interface Route {
  readonly page: Page;
  /** The filter of the Live page as text, and whether each certificate is shown once. */
  readonly filter: string;
  readonly unique: boolean;
}

/** Reads `#/live?filter=domain%3Dexample.com&unique=1`. An unknown page is Live. */
export function readRoute(hash: string): Route {
  const [, path = '', query = ''] = /^#?\/?([^?]*)\??(.*)$/s.exec(hash) ?? [];
  const parameters = new URLSearchParams(query);
  return {
    page: PAGES.find((page) => page === path) ?? 'live',
    filter: parameters.get('filter') ?? '',
    unique: parameters.get('unique') === '1',
  };
}

export function writeRoute({ page, filter, unique }: Route): string {
  const parameters = new URLSearchParams();
  if (filter !== '') parameters.set('filter', filter);
  if (unique) parameters.set('unique', '1');
  const query = parameters.toString();
  return `#/${page}${query === '' ? '' : `?${query}`}`;
}
