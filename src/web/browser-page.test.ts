import { describe, expect, it } from 'vitest';
import { BrowserPage, prefersHtml } from './browser-page.js';

const CHROMIUM =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7';

describe(prefersHtml, () => {
  it.each([
    [CHROMIUM, true],
    ['text/html', true],
    ['TEXT/HTML ; Q=0.1', true],
    ['application/json;q=0.5, text/html', true],
    ['*/*', false],
    ['text/*', false],
    ['', false],
    [undefined, false],
    ['text/event-stream', false],
    ['text/event-stream, text/html', false],
    ['application/json, text/html', false],
    ['text/html;q=0', false],
    ['text/html;q=0.000', false],
    ['text/html;q=1e9', false],
    ['text/html;q=-1', false],
    ['text/html;q=', false],
    ['text/htmlx', false],
    ['x-text/html', false],
    ['text /html', false],
    [`${',;q='.repeat(5000)}text/html;q=0`, false],
    ['__proto__, text/html', true],
  ])('of %j is %s', (accept, expected) => {
    expect(prefersHtml(accept)).toBe(expected);
  });
});

describe(BrowserPage, () => {
  const pageAt = (dashboard_path: string, dashboard = true) => {
    const page = new BrowserPage({ dashboard, dashboard_path } as ConstructorParameters<
      typeof BrowserPage
    >[0]);
    page.serve(() => Promise.resolve());
    return page;
  };
  const request = (url: string, method = 'GET') => ({ method, url, headers: { accept: 'text/html' } });

  it('is for GET and HEAD of its path, in any case and with any query', () => {
    const page = pageAt('/Look');
    for (const url of ['/look', '/LOOK/', '/look?since=-1h', '//look', 'http://host/look'])
      for (const method of ['GET', 'HEAD']) expect(page.isFor(request(url, method)), url).toBe(true);
    for (const url of ['/', '/look/er', '/look%2f', '/looks']) expect(page.isFor(request(url))).toBe(false);
    for (const method of ['POST', 'OPTIONS']) expect(page.isFor(request('/look', method))).toBe(false);
  });

  it('is for no request when it is switched off, and before it can be sent', () => {
    expect(pageAt('/', false).isFor(request('/'))).toBe(false);
    const { dashboard, dashboard_path } = { dashboard: true, dashboard_path: '/' };
    const unset = new BrowserPage({ dashboard, dashboard_path } as ConstructorParameters<
      typeof BrowserPage
    >[0]);
    expect(unset.isFor(request('/'))).toBe(false);
  });
});
