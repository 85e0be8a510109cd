import * as der from '../../src/certificate/testing/der-builder.js';
import { DNS, type Shape } from './shape-plan.js';

/** Certificates with subjects and names of all kinds. */
export const NAME_SHAPES: Readonly<Record<string, Shape>> = {
  wildcard: ({ host }) => ({
    commonName: `*.${host}`,
    names: [
      [DNS, `*.${host}`],
      [DNS, host],
    ],
  }),
  'empty subject': ({ host }) => ({
    commonName: '',
    names: [
      [DNS, host],
      [DNS, `www.${host}`],
    ],
    parts: { subject: der.name() },
  }),
  '300 names': ({ host }) => ({ names: Array.from({ length: 300 }, (_, n) => [DNS, `n${n}.${host}`]) }),
  'internationalized names': ({ host }) => ({
    commonName: `bücher.${host}`,
    names: [
      [DNS, `xn--bcher-kva.${host}`],
      [DNS, `xn--${'a'.repeat(59)}.${host}`],
      [DNS, `xn--0.${host}`],
    ],
  }),
  'odd octets in names': ({ host }) => ({
    names: [
      [DNS, `UPPER_case.${host}`],
      [DNS, `dot.${host}.`],
      [DNS, ` space "quote" \\slash/ <tag> &.${host}`],
      [DNS, `\u0000\u0001\u001b[31m\u007f\r\n.${host}`],
      [DNS, `*.*.${host}`],
      [DNS, `${'l'.repeat(300)}.${host}`],
      [DNS, host],
      [DNS, host],
    ],
  }),
  'addresses only': ({ random }) => ({
    commonName: '192.0.2.7',
    names: [
      [0x87, random.bytes(4)],
      [0x87, random.bytes(16)],
      [0x87, der.hex('00000000000000000000ffffc0000207')],
    ],
  }),
  'other kinds of names': ({ host }) => ({
    names: [
      [0xa0, Buffer.concat([der.oid('1.3.6.1.4.1.311.20.2.3'), der.tlv(0xa0, der.text('user@example'))])],
      [0x81, `admin@${host}`],
      [DNS, host],
      [0x86, `https://${host}/?a=b&c="`],
      [0xa4, der.name(['CN', 'directory'], ['O', 'name'])],
      [0x88, der.oid('1.3.6.1.4.1.99999.5').subarray(2)],
    ],
  }),
  'common name only': () => ({ names: [] }),
  'no extension': () => ({ names: [], extensions: [] }),
  'all string types': ({ host }) => ({
    parts: {
      subject: der.name(
        ['C', der.text('CH', 0x13)],
        ['ST', der.text(Buffer.from('Gen\xe8ve', 'latin1'), 0x14)],
        ['L', der.text(Buffer.from('\ufeffŁódź', 'utf16le').swap16(), 0x1e)],
        ['O', 'Größe \u{1f512}'],
        ['email', der.text('admin@example.com', 0x16)],
        ['2.5.4.20', der.text('0041 1', 0x12)],
        ['CN', host],
      ),
    },
  }),
  'repeated and joined attributes': ({ host }) => ({
    parts: {
      subject: der.name(
        ['DC', der.text('example', 0x16)],
        ['DC', der.text('corp', 0x16)],
        [
          ['OU', 'a'],
          ['OU', 'b'],
          ['O', 'c'],
        ],
        ['OU', 'd,e'],
        ['2.5.4.5', 'serial'],
        ['1.3.6.1.4.1.311.60.2.1.3', der.text('CH', 0x13)],
        ['CN', 'first'],
        ['CN', host],
      ),
    },
  }),
  'control characters in the subject': ({ host }) => {
    const commonName = `\u0000\u0008\t\n\u001b]0;x\u0007\u007f\u0085\u2028\u2029\ufffd</script>"\\ ${host}`;
    return { commonName, parts: { subject: der.name(['O', '\u202eevil\u200b'], ['CN', commonName]) } };
  },
  'long subject': ({ host }) => {
    const commonName = `${'long '.repeat(400)}${host}`;
    return { commonName, parts: { subject: der.name(['O', 'o'.repeat(3000)], ['CN', commonName]) } };
  },
};
