import { z } from 'zod';
import { decodeBase64 } from '../../kernel/base64.js';

/** Schema of a base64 text, which it decodes. */
export const base64Bytes = z.string().transform((text, context) => {
  const bytes = decodeBase64(text);
  if (bytes !== undefined) return bytes;
  context.addIssue('not base64');
  return z.NEVER;
});
