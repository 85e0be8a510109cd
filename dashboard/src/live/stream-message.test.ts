import { describe, expect, it } from 'vitest';
import { cursorOf, isCertificateText, readCertificate, readEvent } from './stream-message.js';

const UPDATE =
  '{"data":{"cert_index":7,"leaf_cert":{"all_domains":["a.example"]},"cursor":"e.1.2.3"},"message_type":"certificate_update"}\n';
const GAP = '{"message_type":"gap","data":{"messages":5,"logs":[],"truncated":false,"reason":"slow"}}\n';

describe('messages of the lite stream', () => {
  it('are distinguished without parsing', () => {
    expect(isCertificateText(UPDATE)).toBe(true);
    expect(isCertificateText(GAP)).toBe(false);
  });

  it('are certificates with their place', () => {
    expect(readCertificate(UPDATE)?.data.cert_index).toBe(7);
    expect(cursorOf(UPDATE)).toBe('e.1.2.3');
    expect(cursorOf(UPDATE.replace('"e.1.2.3"', 'null'))).toBeUndefined();
  });

  it('are events', () => {
    expect(readEvent(GAP)).toMatchObject({ message_type: 'gap', data: { messages: 5 } });
  });

  it.each([
    '',
    'null',
    '[]',
    '{"data":',
    '{"data":{}}',
    '{"message_type":"heartbeat","timestamp":1.5}',
    '{"message_type":"gap"}',
  ])('are nothing if they are %j', (text) => {
    expect(readEvent(text)).toBeUndefined();
    expect(readCertificate(text)).toBeUndefined();
    expect(cursorOf(text)).toBeUndefined();
  });
});
