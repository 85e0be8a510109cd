import { useEffect, useRef, useState } from 'preact/hooks';
import { ClientsPage } from '../clients/clients-page.js';
import { LivePage } from '../live/live-page.js';
import { LogsPage } from '../logs/logs-page.js';
import { useStore } from '../state/store.js';
import { SystemPage } from '../system/system-page.js';
import type { Services } from './app.js';
import { Brand } from './brand.js';
import { type Page, PAGES, readRoute, writeRoute } from './route.js';
import { chooseTheme, theme } from './theme.js';
import { TokenForm } from './token-form.js';

const TITLES: Readonly<Record<Page, string>> = {
  live: 'Live',
  logs: 'Logs',
  clients: 'Clients and outputs',
  system: 'System',
};
const SHORT_TITLES: Readonly<Record<Page, string>> = { ...TITLES, clients: 'Clients' };

/** The frame around the pages: navigation, colours, access token. */
export function Shell({ services }: { readonly services: Services }) {
  const { server, feed, poll } = services;
  const [route, setRoute] = useState(readRoute(location.hash));
  const isTokenRefused = useStore(server.isTokenRefused);
  const heading = useRef<HTMLHeadingElement>(null);
  const { page } = route;

  useEffect(() => {
    const follow = () => setRoute(readRoute(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);

  useEffect(() => {
    document.title = `${TITLES[page]} – certstream`;
    poll.setWanted(page !== 'live');
  }, [page]);

  const { selection } = useStore(feed.state);
  const hasFilter = Object.keys(selection.fields).length > 0;
  // Away from its page, the stream goes on only while a filter looks for something.
  const isStreaming = !isTokenRefused && (page === 'live' || hasFilter);
  useEffect(() => {
    if (!isStreaming) return;
    feed.start();
    const { filter, unique } = readRoute(location.hash);
    if (page === 'live' && (filter !== '' || unique) && !hasFilter) feed.apply(filter, unique);
    return () => feed.stop();
  }, [isStreaming]);

  const goTo = (next: Page) => {
    const { filterText } = feed.state.value;
    return writeRoute({
      page: next,
      filter: next === 'live' ? filterText : '',
      unique: next === 'live' && selection.unique,
    });
  };

  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          // The part after `#` is the page.
          event.preventDefault();
          heading.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="top">
        <Brand />
        <nav aria-label="Pages">
          {PAGES.map((each) => (
            <a key={each} href={goTo(each)} aria-current={each === page ? 'page' : undefined}>
              {SHORT_TITLES[each]}
            </a>
          ))}
        </nav>
        <div class="top-end">
          <ThemeSwitch />
          {server.config.tokens_required && !isTokenRefused && (
            <button type="button" class="quiet" onClick={() => server.logOut()}>
              Log out
            </button>
          )}
        </div>
      </header>
      <main id="main" aria-labelledby="title">
        {isTokenRefused ? (
          <TokenForm server={server} heading={heading} />
        ) : (
          <>
            <h1 id="title" ref={heading} tabIndex={-1}>
              {TITLES[page]}
            </h1>
            {page === 'live' && <LivePage services={services} />}
            {page === 'logs' && <LogsPage poll={poll} />}
            {page === 'clients' && <ClientsPage poll={poll} />}
            {page === 'system' && <SystemPage poll={poll} />}
          </>
        )}
      </main>
    </>
  );
}

function ThemeSwitch() {
  const value = useStore(theme);
  const other = value === 'dark' ? 'light' : 'dark';
  return (
    <button
      type="button"
      class="quiet icon"
      aria-label={`Use ${other} colours`}
      title={`Use ${other} colours`}
      onClick={() => chooseTheme(other)}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="12" cy="12" r="8.2" fill="none" stroke="currentColor" stroke-width="1.8" />
        <path d="M12 3.8a8.2 8.2 0 0 1 0 16.4z" fill="currentColor" />
      </svg>
    </button>
  );
}
