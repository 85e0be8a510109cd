import type { Dialect } from './dialects/dialect.js';
import type { EntryBatch } from './entry-batch.js';
import { jsonString } from './json-text.js';
import { TextPiece } from './text-piece.js';

/** The parts of a certificate_update that are the same for every entry of a batch. */
export interface EntryFragments {
  /** Text between `cert_index` and the index in `cert_link`; undefined for tiled logs, whose link is empty. */
  readonly link: TextPiece | undefined;
  /** Text from the end of `leaf_cert` to `source.timestamp`. */
  readonly seenAndSource: TextPiece;
  /** Text from `source.timestamp` to `update_type`. */
  readonly typeAndOperator: TextPiece;
}

export function entryFragments({ source, seen }: EntryBatch, dialect: Dialect): EntryFragments {
  const { name, url, operator, type } = source;
  const link = `,"cert_link":${jsonString(`${url}/ct/v1/get-entries?start=`).slice(0, -1)}`;
  return {
    link: type === 'rfc6962' ? pieceOf(link) : undefined,
    seenAndSource: pieceOf(
      `,"seen":${JSON.stringify(seen / 1000)},"source":{"name":${jsonString(name)},"url":${jsonString(dialect.sourceUrl(url))},"timestamp":`,
    ),
    typeAndOperator: pieceOf(`,"type":"${type}","operator":${jsonString(operator)}},"update_type":`),
  };
}

function pieceOf(text: string): TextPiece {
  return new TextPiece(Buffer.from(text));
}
