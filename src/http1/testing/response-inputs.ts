import type { SeededNumbers } from '../../certificate/testing/seeded-numbers.js';

const STATUS = ['200', '200', '200', '404', '204', '304', '500', '206', '100', '103', '099', '1000', '2x0'];
const REASONS = [' OK', ' ', '', ' Not\tFound', ' caf\xe9', '  OK', ' O\x01K', ' O\nK'];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'http/1.1', 'HTTP/2'];
const FIELDS = [
  'etag: "1"',
  'content-type: text/plain; charset=utf-8',
  'connection: close',
  'connection: keep-alive',
  'keep-alive: timeout=5',
  'x-empty:',
  'x-latin: caf\xe9',
  'x-tab:\ta\t',
  'X_Under.Score~!#$: 1',
  'content-encoding: identity',
  'date: Sun, 29 Nov 2026 00:00:00 GMT',
  'x: a\x01b',
  'x: a\x7fb',
  ' folded: x',
  'no-colon',
  'sp ace: x',
  ': no name',
  'content-length : 3',
  'transfer-encoding: identity',
  'upgrade: h2c',
];
const EXTENSIONS = [
  '',
  '',
  '',
  ';a',
  ';a=b',
  ';a="b c"',
  ';a=b;c',
  ' ;a',
  ' ',
  ';',
  '; a',
  ';a="\x01"',
  ';a="\\""',
  ';\xe9',
];
const TRAILERS = [
  '',
  '',
  'x: y\r\n',
  'x: a\x01b\r\n',
  'content-length: 3\r\n',
  'no colon\r\n',
  'transfer-encoding: chunked\r\n',
];
/** Texts in which parsers differ. */
const ODD = [
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '\x0b',
  '\x0c',
  '\xa0',
  '\xff',
  '\r\n',
  '\r\n\r\n',
  '0',
  '-',
  '+',
];

/** Returns one random response, cut into pieces anywhere. About half of the responses conform to RFC 9112. */
export function randomResponse(random: SeededNumbers): Buffer[] {
  let text = random.below(2) === 0 ? plainResponse(random) : oddResponse(random);
  if (random.below(8) === 0)
    text = `HTTP/1.1 ${random.pick([100, 102, 103])} Early\r\nlink: x\r\n\r\n${text}`;
  if (random.below(3) === 0) for (let i = random.below(3); i >= 0; i--) text = mutated(text, random);
  return cut(Buffer.from(text, 'latin1'), random);
}

function plainResponse(random: SeededNumbers): string {
  const body = bodyText(random);
  const fields = Array.from({ length: random.below(4) }, () => FIELDS[random.below(11)]);
  const framing = random.pick([
    [`Content-Length: ${body.length}`, body],
    ['Transfer-Encoding: chunked', chunked(body, random, () => '', '')],
    ['x: until the end', body],
  ]);
  fields.splice(random.below(fields.length + 1), 0, framing[0]);
  return `HTTP/1.1 ${random.pick(['200', '404', '503'])} OK\r\n${fields.join('\r\n')}\r\n\r\n${framing[1]}`;
}

function oddResponse(random: SeededNumbers): string {
  const body = bodyText(random);
  const fields = Array.from({ length: random.below(5) }, () => random.pick(FIELDS));
  const lengths = [
    `${body.length}`,
    `0${body.length}`,
    `+${body.length}`,
    `${body.length}\xa0`,
    ` ${body.length} `,
    '',
    '1e3',
  ];
  const length = (): string => `content-length: ${random.pick(lengths)}`;
  const coding = (): string =>
    `transfer-encoding: ${random.pick(['chunked', 'Chunked', 'gzip, chunked', 'gzip', 'identity', 'chunked\x0b', ''])}`;
  const framing = [
    [],
    [length()],
    [length(), length()],
    [coding()],
    [coding(), length()],
    [coding(), coding()],
  ];
  fields.push(...random.pick(framing));
  const isChunked = fields.some((field) => field.startsWith('transfer-encoding: c'));
  const end = random.pick(['\r\n', '\r\n', '\r\n', '\n', '\r']);
  const head = `${random.pick(VERSIONS)} ${random.pick(STATUS)}${random.pick(REASONS)}`;
  const content = isChunked
    ? chunked(body, random, () => random.pick(EXTENSIONS), random.pick(TRAILERS))
    : body;
  const rest = random.pick(['', '', '', 'more', 'HTTP/1.1 200 OK\r\n\r\n', '\r\n']);
  return `${head}\r\n${fields.join(end)}${fields.length > 0 ? end : ''}\r\n${content}${rest}`;
}

function bodyText(random: SeededNumbers): string {
  return random.bytes(random.below(random.pick([1, 20, 300]))).toString('latin1');
}

function chunked(body: string, random: SeededNumbers, extension: () => string, trailers: string): string {
  let text = '';
  for (let at = 0; at < body.length;) {
    const size = 1 + random.below(body.length - at);
    const digits = random.pick([
      size.toString(16),
      size.toString(16).toUpperCase(),
      `00${size.toString(16)}`,
      `${size.toString(16)}  `,
      size.toString(16).padStart(12, '0'),
    ]);
    text += `${digits}${extension()}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  return `${text}0${extension()}\r\n${trailers}\r\n`;
}

function mutated(text: string, random: SeededNumbers): string {
  const at = random.below(text.length + 1);
  const other = random.below(text.length + 1);
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at) + random.pick(ODD) + text.slice(at);
    case 1:
      return text.slice(0, at) + random.pick(ODD) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + random.below(4));
    case 3:
      return text.slice(0, Math.max(at, other)) + text.slice(Math.min(at, other));
    default:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
  }
}

function cut(bytes: Buffer, random: SeededNumbers): Buffer[] {
  const places = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1)).sort(
    (a, b) => a - b,
  );
  return [0, ...places]
    .map((from, i) => bytes.subarray(from, places[i] ?? bytes.length))
    .filter(({ length }) => length > 0);
}
