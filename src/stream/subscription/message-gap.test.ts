import { describe, expect, it } from 'vitest';
import { MAX_GAP_RANGES, MessageGap } from './message-gap.js';

const cursorOf = ({ seq, offset }: { seq: number; offset: number }) => `${seq}.${offset}`;

describe(MessageGap.name, () => {
  it('lists the missing ranges of each log, and joins adjacent ones', () => {
    const gap = new MessageGap();
    gap.add('https://a.example', 10, 5);
    gap.add('https://b.example', 100, 1);
    gap.add('https://a.example', 15, 5);
    gap.add('https://a.example', 30, 1);
    expect(gap.toMessage('slow', cursorOf)).toEqual({
      message_type: 'gap',
      data: {
        messages: 12,
        logs: [
          {
            url: 'https://a.example',
            ranges: [
              { from: 10, to: 19 },
              { from: 30, to: 30 },
            ],
          },
          { url: 'https://b.example', ranges: [{ from: 100, to: 100 }] },
        ],
        truncated: false,
        reason: 'slow',
      },
    });
  });

  it('lists a bounded number of ranges, counts all messages and sets `truncated`', () => {
    const gap = new MessageGap();
    for (let i = 0; i < MAX_GAP_RANGES + 7; i++) gap.add('https://a.example', 2 * i, 1);
    const { data } = gap.toMessage('slow', cursorOf);
    expect(data).toMatchObject({ messages: MAX_GAP_RANGES + 7, truncated: true });
    expect(data.logs[0].ranges).toHaveLength(MAX_GAP_RANGES);
    expect(data.logs[0].ranges.at(-1)).toEqual({ from: 2 * MAX_GAP_RANGES - 2, to: 2 * MAX_GAP_RANGES - 2 });
  });

  it('names the cursor before the first missing message', () => {
    const gap = new MessageGap();
    gap.add('https://a.example', 10, 5, { seq: 7, offset: 3 });
    gap.add('https://b.example', 10, 5, { seq: 6, offset: 200 });
    gap.add('https://c.example', 10, 5, { seq: 8, offset: 0 });
    expect(gap.toMessage('slow', cursorOf).data.cursor).toBe('6.200');
  });
});
