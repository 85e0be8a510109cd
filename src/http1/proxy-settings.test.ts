import { describe, expect, it } from 'vitest';
import { ProxySettings } from './proxy-settings.js';

const PROXY = 'http://proxy.example:3128';
const proxied = (url: string, environment: NodeJS.ProcessEnv): string | undefined =>
  new ProxySettings(environment).proxyFor(new URL(url))?.url.host;

describe('ProxySettings', () => {
  it.each<[NodeJS.ProcessEnv, string | undefined, string | undefined]>([
    [{}, undefined, undefined],
    [{ http_proxy: '' }, undefined, undefined],
    [{ HTTP_PROXY: 'http://a' }, 'a', 'a'],
    [{ HTTPS_PROXY: 'http://a' }, undefined, 'a'],
    [{ HTTP_PROXY: 'http://a', HTTPS_PROXY: 'https://b' }, 'a', 'b'],
    [{ HTTP_PROXY: 'http://A', http_proxy: 'http://b' }, 'b', 'b'],
  ])('from %j are %s for http and %s for https', (environment, http, https) => {
    expect(proxied('http://log.example', environment)).toBe(http);
    expect(proxied('https://log.example', environment)).toBe(https);
  });

  it.each<[string, string, boolean]>([
    ['', 'https://log.example', true],
    ['*', 'https://log.example', false],
    ['log.example', 'https://log.example', false],
    ['log.example', 'https://LOG.example.', false],
    ['log.example.', 'https://log.example', false],
    ['log.example', 'https://a.log.example', false],
    ['.log.example', 'https://a.log.example', false],
    ['*.log.example', 'https://log.example', false],
    ['log.example', 'https://catalog.example', true],
    ['other.example, LOG.example', 'https://log.example', false],
    ['log.example:443', 'https://log.example', false],
    ['log.example:443', 'http://log.example', true],
    ['log.example:8080', 'http://log.example:8080', false],
    ['127.0.0.1', 'http://127.0.0.1:9', false],
    ['127.0.0.1', 'http://127.0.0.2', true],
    ['::1', 'http://[::1]:9', false],
    ['[::1]:9', 'http://[::1]:9', false],
    ['[::1]:9', 'http://[::1]:8', true],
  ])('NO_PROXY=%s sends %s through the proxy: %s', (no_proxy, url, isProxied) => {
    expect(proxied(url, { http_proxy: PROXY, no_proxy })).toBe(isProxied ? 'proxy.example:3128' : undefined);
  });

  it.each([
    'proxy:3128',
    '::',
    'socks5://proxy.example',
    'http://',
    'http://a:%zz@proxy.example',
    'file:///x',
  ])('refuse %s', (http_proxy) => {
    expect(() => new ProxySettings({ http_proxy })).toThrow(
      expect.objectContaining({ code: 'CONFIG_PROXY' }),
    );
  });

  it.each([
    ['http://user:p%40ss@proxy.example', 'user:p@ss'],
    ['http://user@proxy.example', 'user:'],
  ])('take name and password from %s', (http_proxy, credentials) => {
    const proxy = new ProxySettings({ http_proxy }).proxyFor(new URL('http://log.example'));
    expect(proxy?.authorization).toBe(`Basic ${Buffer.from(credentials).toString('base64')}`);
    expect(proxy?.url.href).toBe('http://proxy.example/');
  });
});
