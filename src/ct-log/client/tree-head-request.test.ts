import { expect, it } from 'vitest';
import { httpFromGet } from '../../../test/support/http-from-get.js';
import { newClientCounters } from './client-counters.js';
import type { CtHttpRequest } from './http/ct-http.js';
import { TreeHeadRequest } from './tree-head-request.js';

const { signal } = new AbortController();

it('requests the whole answer again after an invalid one, because a damaged answer has the same ETag', async () => {
  const known: (Buffer | undefined)[] = [];
  const get = (_: string, { revalidation }: CtHttpRequest = {}): Promise<Buffer> => {
    known.push(revalidation!.body);
    const body = revalidation!.body ?? Buffer.from(known.length === 1 ? 'damaged' : 'right');
    revalidation!.received(body, { etag: '"1"' });
    return Promise.resolve(body);
  };
  const head = { treeSize: 1, timestamp: 1, rootHash: Buffer.alloc(32), signed: Buffer.alloc(0) };
  const request = new TreeHeadRequest(
    httpFromGet(get),
    'https://log.example.net',
    newClientCounters(),
    (body) => {
      if (body.toString() !== 'right') throw new Error('damaged');
      return head;
    },
  );
  await expect(request.get(signal)).rejects.toThrow('damaged');
  expect(await request.get(signal)).toBe(head);
  expect(await request.get(signal)).toBe(head);
  expect(known.map(String)).toEqual(['undefined', 'undefined', 'right']);
});
