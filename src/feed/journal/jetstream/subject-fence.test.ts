import type { MsgHdrs } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import { encodeEntryBatch } from '../../../certificate/entry-batch-codec.js';
import { ProblemLog } from '../../../logging/problem-log.js';
import { testBatch } from '../testing/journal-batches.js';
import type { EncodedFrame } from './frame-encoding.js';
import type { JournalStream, LastMessage } from './journal-stream.js';
import type { PublishAnswer, PublishChannel } from './publish-channel.js';
import { StreamStats } from './stream-stats.js';
import { type StoreResult, SubjectFence } from './subject-fence.js';

const WRONG = { failure: { code: 400, err_code: 10071, description: 'wrong last sequence' } };
const BUSY = { failure: { code: 400, err_code: 10164, description: 'concurrent publish' } };

/** Headers that a process `owner` wrote with its frame 0. */
function headersOf(owner: string): MsgHdrs {
  const values: Record<string, string> = {
    'Ct-Format': '1',
    'Ct-Owner': owner,
    'Ct-Frame': '0',
    'Ct-Kind': 'next',
    'Ct-First': '0',
    'Ct-Count': '2',
  };
  return { get: (name: string) => values[name] ?? '' } as MsgHdrs;
}

/** Publishes one frame that expects sequence 5, with these answers in turn, and with this last message of the subject. */
async function store(
  answers: PublishAnswer[],
  last: LastMessage | undefined,
): Promise<{ result: StoreResult; expected: string[]; reasons: string[]; stats: StreamStats }> {
  const expected: string[] = [];
  const reasons: string[] = [];
  const stats = new StreamStats();
  const channel = {
    isConnected: true,
    whenConnected: () => Promise.resolve(),
    publish: (_: string, headers: { encode(): Buffer }) => {
      expected.push(/Sequence: (\d+)/.exec(headers.encode().toString())![1]);
      return Promise.resolve(answers.shift());
    },
  };
  const fence = new SubjectFence(
    { url: 'https://log.example', key: 'log.example' },
    'ct.raw.1',
    { epoch: 'e', seq: 5 },
    {
      connection: {} as never,
      stream: {
        name: 'CT',
        lastOf: () => Promise.resolve(last),
        refresh: () => Promise.resolve({ epoch: 'e' }),
      } as unknown as JournalStream,
      channel: channel as unknown as PublishChannel,
      settings: { owner: 'me', renewalMs: 1 } as never,
      stats,
      problems: new ProblemLog({ log: () => undefined, warn: () => undefined }),
      nextFrame: () => 0,
      onFenced: () => undefined,
      onChange: () => undefined,
    },
    (reason) => reasons.push(reason),
  );
  const batch = testBatch(0);
  const frame: EncodedFrame = {
    frame: { kind: 'next', first: 0, count: 2, batch, bytes: 0, parts: 1 },
    body: encodeEntryBatch(batch),
  };
  return { result: await fence.store(frame, 2, new AbortController().signal), expected, reasons, stats };
}

describe(SubjectFence, () => {
  it('repeats a message until it is stored, while the last message is the one that it expects', async () => {
    const last = { seq: 5, headers: headersOf('other') };
    const { result, expected, stats } = await store([undefined, BUSY, WRONG, { seq: 9 }], last);
    expect([result, ...expected]).toEqual(['stored', '5', '5', '5', '5']);
    expect(stats).toMatchObject({ repeatedPublishes: 3, recoveredAnswers: 0 });
  });

  it('takes its own message for the answer that was lost', async () => {
    const { result, stats } = await store([undefined], { seq: 9, headers: headersOf('me') });
    expect([result, stats.recoveredAnswers]).toEqual(['stored', 1]);
  });

  it.each([
    ['another process', { seq: 9, headers: headersOf('other') }, 'other has appended to it'],
    [
      'a stream that has lost its newest records',
      { seq: 3, headers: headersOf('me') },
      'the stream has lost its newest records; its last one is 3 instead of 5',
    ],
  ])('is stopped by %s', async (_, last, reason) => {
    const own = last.seq === 3 ? { ...last, headers: headersOf('earlier') } : last;
    const { result, reasons, expected } = await store([WRONG], own);
    expect([result, ...reasons]).toEqual(['over', reason]);
    expect(expected).toHaveLength(1);
  });

  it('expects nothing if the last message was dropped, and the lease is held', async () => {
    const { result, expected } = await store([WRONG, { seq: 9 }], undefined);
    expect([result, ...expected]).toEqual(['stored', '5', '0']);
  });

  it('reports a message that is too large', async () => {
    const { result } = await store([{ failure: { code: 400, err_code: 10054 } }], undefined);
    expect(result).toBe('large');
  });
});
