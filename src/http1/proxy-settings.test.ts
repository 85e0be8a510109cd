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
    ['localhost, *', 'https://log.example', false],
    ['127.0.0.0/8', 'http://127.9.8.7:9', false],
    ['127.0.0.0/8', 'http://127.1', false],
    ['127.0.0.0/8', 'http://128.0.0.1', true],
    ['10.1.2.0/23:8080', 'http://10.1.3.255:8080', false],
    ['10.1.2.0/23:8080', 'http://10.1.3.255', true],
    ['10.1.2.0/23', 'http://10.1.4.0', true],
    ['192.0.2.7/32', 'https://192.0.2.7', false],
    ['192.0.2.7/32', 'https://192.0.2.8', true],
    ['0.0.0.0/0', 'https://192.0.2.8', false],
    ['0.0.0.0/0', 'https://log.example', true],
    ['0.0.0.0/0', 'https://[2001:db8::1]', true],
    ['2001:db8::/32', 'https://[2001:db8:1::1]', false],
    ['[2001:db8::]/32', 'https://[2001:db8:1::1]', false],
    ['[2001:db8::/32]:443', 'https://[2001:db8:1::1]', false],
    ['[2001:db8::/32]:443', 'http://[2001:db8:1::1]', true],
    ['2001:DB8::/32', 'https://[2001:db9::1]', true],
    ['fe80::1', 'http://[FE80:0::1]', false],
    ['127.0.0.0/33', 'http://127.0.0.1', true],
    ['127.0.0.0/', 'http://127.0.0.1', true],
    ['127.0.0.0/8/8', 'http://127.0.0.1', true],
    ['10.1.*', 'http://10.1.2.3', false],
    ['10.1.*', 'http://10.10.2.3', true],
    ['log*.example:80', 'http://log2026.example', false],
    ['log*.example', 'https://a.log2026.example', false],
    ['log*.example', 'https://catalog.example', true],
    ['*.example', 'https://a.b.example', false],
    ['a+b(.example', 'https://log.example', true],
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
