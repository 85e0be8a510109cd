import { expect, it } from 'vitest';
import { clientsFilePath, issuerFilePath, stateFilePath } from './state-file-path.js';

it.each([
  ['', './ct_index.json', 'ct_state.json'],
  ['', '/data/ct_index.json', '/data/ct_state.json'],
  ['', '/data/b_index.json', '/data/b_state.json'],
  ['', '/index/positions.json', '/index/positions.state.json'],
  ['/state/x.json', '/data/ct_index.json', '/state/x.json'],
])('state_file "%s" beside %s is %s', (state_file, ct_index_file, path) => {
  expect(stateFilePath({ state_file, ct_index_file })).toBe(path);
});

it.each([
  ['', './ct_index.json', 'ct_issuers.json'],
  ['', '/index/positions.json', '/index/positions.issuers.json'],
  ['/state/x.json', '/data/ct_index.json', '/state/x.json'],
])('issuer_file "%s" beside %s is %s', (issuer_file, ct_index_file, path) => {
  expect(issuerFilePath({ issuer_file, ct_index_file })).toBe(path);
});

it.each([
  ['./ct_index.json', 'ct_clients.json'],
  ['/index/positions.json', '/index/positions.clients.json'],
])('the number of clients is beside %s in %s', (ct_index_file, path) => {
  expect(clientsFilePath({ ct_index_file })).toBe(path);
});
