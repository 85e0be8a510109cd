import { describe, expect, it } from 'vitest';
import { loadConfig } from './load-config.js';
import { defineConfig } from './checked-config.js';
import { sharesListener } from './cross-checks.js';

type Section = Record<string, unknown>;
const configured = (webserver: Section, prometheus: Section) =>
  defineConfig({ webserver, prometheus: { enabled: true, ...prometheus } });

describe('metrics without an address of their own', () => {
  it('are on the listener of the streams and open to this machine only', () => {
    const config = configured({}, {});
    expect(config.prometheus).toMatchObject({
      listen_addr: '0.0.0.0',
      listen_port: 8080,
      whitelist: ['127.0.0.1/8', '::1'],
    });
    expect(sharesListener(config)).toBe(true);
  });

  it('follow the listener of the streams to its address, its port and its proxies', () => {
    const webserver = {
      listen_addr: '127.0.0.1',
      listen_port: 9000,
      real_ip: true,
      trusted_proxies: ['127.0.0.1'],
    };
    expect(configured(webserver, {}).prometheus).toMatchObject(webserver);
    const { config } = loadConfig({
      searchPaths: [],
      environment: {
        CERTSTREAM_WEBSERVER_LISTEN_ADDR: '127.0.0.1',
        CERTSTREAM_WEBSERVER_LISTEN_PORT: '9000',
        CERTSTREAM_PROMETHEUS_ENABLED: 'true',
      },
    });
    expect(config.prometheus).toMatchObject({ listen_addr: '127.0.0.1', listen_port: 9000 });
  });

  it('keep the address with a port of their own, and have a port of their own with another address', () => {
    expect(configured({ listen_addr: '127.0.0.1' }, { listen_port: 9100 }).prometheus).toMatchObject({
      listen_addr: '127.0.0.1',
      listen_port: 9100,
    });
    expect(configured({ listen_port: 80 }, { listen_addr: '127.0.0.1' }).prometheus.listen_port).toBe(9090);
  });

  it('have the whitelist and the proxies that are written, also if these are none', () => {
    const webserver = { real_ip: true, trusted_proxies: ['127.0.0.1'] };
    const prometheus = { whitelist: [], real_ip: false, trusted_proxies: [] };
    expect(configured(webserver, prometheus).prometheus).toMatchObject(prometheus);
  });

  it('repeat no warning and no problem of webserver', () => {
    const load = (text: Section) => () => configured(text, {});
    expect(load({ listen_addr: 'localhost' })).toThrow(/^webserver\.listen_addr: [^\n]*$/);
    expect(load({ trusted_proxies: ['x'] })).toThrow(/^webserver\.trusted_proxies[^\n]*$/);
  });
});
