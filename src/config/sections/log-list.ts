import { z } from 'zod';

import { amount, flag, httpUrl, text } from '../field-types.js';

export const logListSection = z
  .strictObject({
    url: httpUrl()
      .refine((value) => value !== '', { error: 'is empty; remove the key to use the list of Google' })
      .default('https://www.gstatic.com/ct/log_list/v3/log_list.json')
      .describe('URL of the log list (v3 schema).'),
    signature_url: httpUrl()
      .default('')
      .describe('URL of the RSA signature of the list. Empty: `url` with `.json` replaced by `.sig`.'),
    verify_signature: flag().default(true).describe('Use a list only if its signature is right.'),
    public_key_path: text()
      .default('')
      .describe('PEM file with the key that signs the list. Empty: the built-in key of the list of Google.'),
    cache_file: text()
      .default('')
      .describe(
        'Where the last good list is kept for a start without network. Empty: a file in the cache folder of the user.',
      ),
    refresh_interval_minutes: amount(1, 10080)
      .default(60)
      .describe('Minutes between two readings of the list.'),
  })
  .describe('The list of all public logs.');
