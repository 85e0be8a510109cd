import { DerReader, Tag } from '../der-reader.js';
import { tlv } from './der-builder.js';
import type { SeededNumbers } from './seeded-numbers.js';

/** One DER element. It has `children` if its contents are elements themselves. */
interface Element {
  tag: number;
  contents: Buffer;
  children?: Element[];
}

const CONSTRUCTED = 0x20;
const MAX_DEPTH = 12;
/** Bytes that readers treat specially. */
const SPECIAL_BYTES = [0x00, 0x01, 0x06, 0x1f, 0x22, 0x30, 0x31, 0x5c, 0x7f, 0x80, 0x81, 0x84, 0x88, 0xff];
const TAGS = [...Object.values(Tag), 0x05, 0x80, 0x81, 0x82, 0x86, 0x87, 0xa0, 0xa3, 0x1f, 0xbf];
const MAX_SIZE = 200_000;

/** Changes bytes regardless of their meaning. */
export function mutateBytes(input: Buffer, random: SeededNumbers): Buffer {
  const at = random.below(input.length + 1);
  const size = 1 + random.below(16);
  const rest = input.subarray(Math.min(input.length, at + size));
  switch (random.below(7)) {
    case 0:
      return changed(input, at, (byte) => byte ^ (1 << random.below(8)));
    case 1:
      return changed(input, at, () => random.pick(SPECIAL_BYTES));
    case 2:
      return Buffer.concat([input.subarray(0, at), rest]);
    case 3:
      return Buffer.concat([input.subarray(0, at), random.bytes(size), input.subarray(at)]);
    case 4:
      return Buffer.concat([input.subarray(0, at), random.bytes(size), rest]);
    case 5:
      return input.subarray(0, at);
    default:
      return Buffer.concat([input.subarray(0, at), input.subarray(random.below(input.length + 1))]);
  }
}

function changed(input: Buffer, at: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(input);
  if (at < copy.length) copy[at] = change(copy[at]);
  return copy;
}

/** Changes one element and encodes the elements around it correctly. Without elements it changes bytes. */
export function mutateElements(input: Buffer, other: Buffer, random: SeededNumbers): Buffer {
  const roots = parse(input, 0);
  if (roots === undefined) return mutateBytes(input, random);
  const siblings = random.pick(listsOf(roots));
  const i = random.below(siblings.length);
  const element = siblings[i];
  switch (random.below(8)) {
    case 0:
      siblings.splice(i, 1);
      break;
    case 1:
      element.tag = random.pick(TAGS);
      break;
    case 2:
      replaceContents(element, random.bytes(random.below(40)));
      break;
    case 3:
      replaceContents(element, mutateBytes(encodeContents(element), random));
      break;
    case 4:
      siblings.splice(i, 0, ...Array<Element>(random.below(30)).fill(element));
      break;
    case 5:
      siblings[i] = random.pick(siblings);
      break;
    case 6:
      siblings[i] = random.pick(random.pick(listsOf(parse(other, 0) ?? [element])));
      break;
    default:
      replaceContents(element, encode(element));
  }
  const output = Buffer.concat(roots.map(encode));
  return output.length > MAX_SIZE ? mutateBytes(input, random) : output;
}

/** Returns the certificate with one element repeated many times, to compare the growth of size and time. */
export function multiplyElement(input: Buffer, times: number, random: SeededNumbers): Buffer {
  const roots = parse(input, 0);
  if (roots === undefined) return input;
  const siblings = random.pick(listsOf(roots));
  const i = random.below(siblings.length);
  siblings.splice(i, 1, ...Array<Element>(times).fill(siblings[i]));
  return Buffer.concat(roots.map(encode));
}

/** Returns the elements of which `bytes` consists, or undefined if it is not a sequence of elements. */
function parse(bytes: Buffer, depth: number): Element[] | undefined {
  const reader = new DerReader();
  reader.open(bytes);
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; at = reader.end) {
    if (!reader.read(at, bytes.length)) return undefined;
    const contents = bytes.subarray(reader.start, reader.end);
    const nested = (reader.tag & CONSTRUCTED) !== 0 || reader.tag === Tag.OctetString;
    const children = nested && depth < MAX_DEPTH ? parse(contents, depth + 1) : undefined;
    elements.push({ tag: reader.tag, contents, ...(children?.length && { children }) });
  }
  return elements.length > 0 ? elements : undefined;
}

function listsOf(elements: Element[]): Element[][] {
  return [elements, ...elements.flatMap(({ children }) => (children === undefined ? [] : listsOf(children)))];
}

function replaceContents(element: Element, contents: Buffer): void {
  delete element.children;
  element.contents = contents;
}

function encodeContents({ contents, children }: Element): Buffer {
  return children === undefined ? contents : Buffer.concat(children.map(encode));
}

function encode(element: Element): Buffer {
  return tlv(element.tag, encodeContents(element));
}
