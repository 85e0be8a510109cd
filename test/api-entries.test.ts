import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateUpdate } from '../src/certificate/certificate-message.js';
import { ApiSystem, logPath } from './support/api-system.js';

let api: ApiSystem;

describe('/api/entries/{log}/{index}', () => {
  beforeAll(async () => {
    api = await ApiSystem.start();
  });
  afterAll(() => api.close());

  it('returns a streamed entry as the streams sent it, without a request to the log', async () => {
    const expected = api.reader.updates();
    const [log] = api.system.simulator.logs;
    await api.system.eventually(async () => {
      const known = log.requests.count('get-entries');
      await api.get(`/api/entries/${logPath(log)}/350`);
      return log.requests.count('get-entries') === known;
    }, 'the directory of the journal');
    for (const { data } of expected.filter((update) => update.data.cert_index % 10 === 0)) {
      const answer = await api.get(`/api/entries/${encodeURIComponent(data.source.url)}/${data.cert_index}`);
      expect(answer.json()).toEqual({ data, message_type: 'certificate_update' });
    }
  });

  it.each([0, 1])('fetches other entries from log %d', async (which) => {
    const log = api.system.simulator.logs[which];
    for (const index of [0, 299]) {
      const answer = await api.get(`/api/entries/${logPath(log)}/${index}`);
      expect(answer.status).toBe(200);
      const { data } = answer.json() as unknown as CertificateUpdate;
      expect(data.cert_index).toBe(index);
      expect(data.leaf_cert.as_der).toBe(log.entry(index).submittedDer.toString('base64'));
      expect(data.chain?.length).toBeGreaterThan(0);
    }
  });

  it('accepts every name of a log', async () => {
    const [log] = api.system.simulator.logs;
    const id = createHash('sha256').update(log.key.spki).digest();
    const { source } = api.system.followed(log)!.log;
    const names = [
      source.url,
      `${source.url}/`,
      source.url.replace('http://', ''),
      source.name,
      source.name.toUpperCase(),
      id.toString('hex'),
      id.toString('hex').toUpperCase(),
      id.toString('base64'),
      id.toString('base64url'),
    ];
    for (const name of names) {
      const answer = await api.get(`/api/entries/${encodeURIComponent(name)}/350?format=domains`);
      expect(answer.json(), name).toHaveProperty('message_type', 'dns_entries');
    }
  });

  it('has the forms of the streams, PEM and DER', async () => {
    const [log] = api.system.simulator.logs;
    const path = `/api/entries/${logPath(log)}/10?format=`;
    const { submittedDer, domains } = log.entry(10);
    expect((await api.get(`${path}full`)).json()).toHaveProperty('data.chain');
    expect((await api.get(`${path}lite`)).json()).not.toHaveProperty('data.chain');
    expect((await api.get(`${path}domains`)).json().data).toEqual(expect.arrayContaining([...domains]));
    expect((await api.get(`${path}der`)).body.equals(submittedDer)).toBe(true);
    expect((await api.get(`${path}pem`)).body.toString()).toContain(
      submittedDer.toString('base64').slice(0, 64),
    );
  });

  it('says with a code what is wrong', async () => {
    const [log] = api.system.simulator.logs;
    const path = `/api/entries/${logPath(log)}`;
    expect(await api.errorOf(`/api/entries/nothing/1`)).toBe('404 API_LOG_UNKNOWN');
    expect(await api.errorOf(`${path}/x`)).toBe('400 API_INDEX_INVALID');
    expect(await api.errorOf(`${path}/-1`)).toBe('400 API_INDEX_INVALID');
    expect(await api.errorOf(`${path}/99999999999999999999`)).toBe('400 API_INDEX_INVALID');
    expect(await api.errorOf(`${path}/1000000`)).toBe('404 API_ENTRY_BEYOND');
    expect(await api.errorOf(`${path}/1?format=text`)).toBe('400 API_FORMAT_UNKNOWN');
    const fault = log.faults.add({ kind: 'status', status: 500, endpoint: 'get-entries' });
    expect(await api.errorOf(`${path}/1`)).toBe('502 CT_HTTP_STATUS');
    fault.remove();
    expect((await api.get(`${path}/1`)).status).toBe(200);
  });

  it('fetches at most two entries for one address at a time, and gives the slots back when a client leaves', async () => {
    const [log] = api.system.simulator.logs;
    const path = `/api/entries/${logPath(log)}`;
    const fault = log.faults.add({ kind: 'stall', endpoint: 'get-entries' });
    const leave = new AbortController();
    const pending = [20, 21].map((index) => api.system.get(`${path}/${index}`, { signal: leave.signal }));
    await fault.fired;
    await api.system.eventually(async () => (await api.get(`${path}/22`)).status === 429, 'the bound');
    expect(await api.errorOf(`${path}/22`)).toBe('429 API_BUSY');
    leave.abort();
    await Promise.allSettled(pending);
    fault.remove();
    await api.system.eventually(async () => (await api.get(`${path}/22`)).status === 200, 'the slot');
  });
});
