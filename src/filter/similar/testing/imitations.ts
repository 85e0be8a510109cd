/** Letters and digits that look like a letter or a digit, or like two. */
const ASCII_LOOK_ALIKES: Record<string, readonly string[]> = {
  0: ['o'],
  1: ['l', 'i'],
  3: ['8'],
  6: ['9'],
  b: ['d', 'lb'],
  c: ['e'],
  d: ['b', 'cl'],
  e: ['c'],
  g: ['q'],
  h: ['lh'],
  i: ['1', 'l'],
  k: ['lc'],
  l: ['1', 'i'],
  m: ['n', 'rn'],
  n: ['m', 'r'],
  o: ['0'],
  q: ['g'],
  u: ['v'],
  v: ['u'],
  w: ['vv'],
};

const OTHER_SCRIPTS: Record<string, string> = {
  a: 'аɑα',
  b: 'ɓƅ',
  c: 'сᴄ',
  d: 'ԁđɗ',
  e: 'еɇ',
  f: 'ƒ',
  g: 'ɡǥ',
  h: 'һħ',
  i: 'іıɨ',
  j: 'јɉ',
  k: 'ĸƙ',
  l: 'łӏɫ',
  m: 'ɱ',
  n: 'ŋƞ',
  o: 'оοø',
  p: 'рρƥ',
  q: 'ԛʠ',
  r: 'гɍɽ',
  s: 'ѕʂ',
  t: 'ŧƭ',
  u: 'ᴜʋ',
  v: 'ѵν',
  w: 'ԝᴡ',
  x: 'х',
  y: 'уʏƴ',
  z: 'ᴢƶ',
};

/** Grave, acute, circumflex, tilde, macron, breve, dot, diaeresis, ring, caron, dot below, cedilla, ogonek. */
const MARKS = '\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030c\u0323\u0327\u0328';

const KEYBOARD_ROWS = ['1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
const ADDED = 'abcdefghijklmnopqrstuvwxyz0123456789';
const SUFFIXES = ['net', 'org', 'de', 'co.uk', 'com.br', 'xyz', 'shop', 'io', 'online', 'github.io'];

/**
 * Returns names that imitate the domain, by the kinds of permutations that the tool dnstwist generates. Labels have U-labels.
 * The domain itself is not among them.
 */
export function imitationsOf(domain: string): Record<string, string[]> {
  const label = domain.slice(0, domain.indexOf('.'));
  const suffix = domain.slice(label.length + 1);
  const labels = {
    homoglyph: [...homoglyphs(label), ...twiceReplaced(label)],
    omission: positions(label).map((i) => replaced(label, i, 1, '')),
    repetition: positions(label).map((i) => replaced(label, i, 0, label[i])),
    replacement: positions(label).flatMap((i) =>
      neighbours(label[i]).map((key) => replaced(label, i, 1, key)),
    ),
    transposition: positions(label.slice(1)).map((i) => replaced(label, i, 2, label[i + 1] + label[i])),
    hyphenation: positions(label.slice(1)).map((i) => replaced(label, i + 1, 0, '-')),
    subdomain: positions(label.slice(2)).map((i) => replaced(label, i + 1, 0, '.')),
    addition: Array.from(ADDED, (added) => label + added),
    bitsquatting: positions(label).flatMap((i) =>
      flipped(label[i]).map((other) => replaced(label, i, 1, other)),
    ),
  };
  const names = Object.entries(labels).map(([kind, forms]): [string, string[]] => [
    kind,
    [...new Set(forms)].filter((form) => form !== label).map((form) => `${form}.${suffix}`),
  ]);
  const otherSuffixes = SUFFIXES.filter((other) => other !== suffix).map((other) => `${label}.${other}`);
  return Object.fromEntries([...names, ['tld-swap', otherSuffixes]]);
}

/** Returns every 25th label with two look-alikes. */
function twiceReplaced(label: string): string[] {
  return homoglyphs(label)
    .flatMap((once) => homoglyphs(once))
    .filter((_, i) => i % 25 === 0);
}

function homoglyphs(label: string): string[] {
  return positions(label).flatMap((i) => {
    const letter = label[i];
    const accented = Array.from(MARKS, (mark) => (letter + mark).normalize('NFC')).filter(
      ({ length }) => length === 1,
    );
    const others = [
      ...(ASCII_LOOK_ALIKES[letter] ?? []),
      ...Array.from(OTHER_SCRIPTS[letter] ?? ''),
      ...accented,
    ];
    const pair = label.slice(i, i + 2);
    const joined = pair === 'rn' ? ['m'] : pair === 'cl' ? ['d'] : [];
    return [
      ...others.map((other) => replaced(label, i, 1, other)),
      ...joined.map((one) => replaced(label, i, 2, one)),
    ];
  });
}

/** Returns the keys beside, above and below a key of the US keyboard. */
function neighbours(letter: string): string[] {
  const row = KEYBOARD_ROWS.findIndex((keys) => keys.includes(letter));
  const column = KEYBOARD_ROWS[row]?.indexOf(letter) ?? -1;
  return [row - 1, row, row + 1].flatMap((near) =>
    [column - 1, column, column + 1]
      .map((at) => KEYBOARD_ROWS[near]?.[at])
      .filter((key) => key !== undefined && key !== letter),
  );
}

/** Returns the characters of host names whose code differs in one bit. */
function flipped(letter: string): string[] {
  return Array.from({ length: 8 }, (_, bit) => String.fromCharCode(letter.charCodeAt(0) ^ (1 << bit))).filter(
    (other) => /[-0-9a-z]/.test(other),
  );
}

function positions(label: string): number[] {
  return Array.from(label, (_, i) => i);
}

function replaced(label: string, at: number, count: number, by: string): string {
  return label.slice(0, at) + by + label.slice(at + count);
}
