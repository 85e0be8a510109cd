import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { defineConfig } from '../config/checked-config.js';
import { HostPolicy } from './host-policy.js';
import { markUnixPeer } from './unix-peers.js';

const socket = new Socket();
const unixSocket = new Socket();
markUnixPeer(unixSocket);

const policy = (webserver: Record<string, unknown>) => new HostPolicy(defineConfig({ webserver }).webserver);
const allows = (hosts: HostPolicy, host: string | undefined, peer = socket): boolean =>
  hosts.allows({ headers: { host }, socket: peer });

const ALWAYS = [
  undefined,
  'localhost',
  'LOCALHOST:8080',
  'localhost.',
  'ct.localhost:80',
  '127.0.0.1:8080',
  '[::1]:8080',
  '192.0.2.1',
];
const FOREIGN = [
  'evil.example',
  'evil.example:8080',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'evillocalhost',
  '127.0.0.1.nip.io:8080',
  'localhost:x',
  'localhost@evil.example',
  'localhost/',
  '',
  'ct.example, localhost',
];

it.each(['127.0.0.1', '127.0.0.2', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])(
  'a listener on %s answers only for addresses and names of this machine',
  (listen_addr) => {
    const hosts = policy({ listen_addr });
    for (const host of ALWAYS) expect(allows(hosts, host), host).toBe(true);
    for (const host of FOREIGN) expect(allows(hosts, host), host).toBe(false);
    expect(allows(hosts, 'backend', unixSocket)).toBe(true);
  },
);

it.each([
  { listen_addr: '0.0.0.0' },
  { listen_addr: '::' },
  { listen_addr: '192.0.2.7' },
  { listen_addr: '127.0.0.1', allowed_hosts: ['*'] },
  { listen_addr: '127.0.0.1', real_ip: true, trusted_proxies: ['127.0.0.1'] },
])('a listener with %j answers for every name', (webserver) => {
  for (const host of [...ALWAYS, ...FOREIGN]) expect(allows(policy(webserver), host), host).toBe(true);
});

it.each(['0.0.0.0', '127.0.0.1'])('a listener on %s with allowed_hosts answers for these', (listen_addr) => {
  const hosts = policy({ listen_addr, allowed_hosts: ['CT.example', '*.wild.example', '192.0.2.1'] });
  for (const host of [...ALWAYS, 'ct.example', 'Ct.Example:8443', 'ct.example.', 'a.b.wild.example'])
    expect(allows(hosts, host), host).toBe(true);
  for (const host of [...FOREIGN, 'wild.example', 'evilwild.example', 'a.ct.example'])
    expect(allows(hosts, host), host).toBe(false);
  expect(allows(hosts, 'backend', unixSocket)).toBe(false);
});

it.each(['https://ct.example', 'ct.example:8080', 'a b', '*.', 'ct.*.example', 'a@b'])(
  '%j is not a valid host in the configuration',
  (host) => {
    expect(() => policy({ allowed_hosts: [host] })).toThrow(/is not a host name/);
  },
);
