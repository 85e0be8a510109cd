import { z } from 'zod';

import { amount, flag, httpUrl, text } from '../field-types.js';

export const logListSection = z
  .strictObject({
    url: httpUrl()
      .refine((value) => value !== '', { error: "is empty; remove the key to use Google's list" })
      .default('https://www.gstatic.com/ct/log_list/v3/log_list.json')
      .describe('URL of the log list (v3 schema).'),
    signature_url: httpUrl()
      .default('')
      .describe('URL of the RSA signature of the list. Empty: `url` with `.json` replaced by `.sig`.'),
    verify_signature: flag().default(true).describe('Use a list only if its signature is valid.'),
    public_key_path: text()
      .default('')
      .describe(
        "PEM file with the public key of the signer of the list. Empty: the built-in key of Google's list.",
      ),
    cache_file: text()
      .default('')
      .describe(
        'File for the last good list, which the server uses when it starts without network. Empty: a file in the cache folder of the user.',
      ),
    refresh_interval_minutes: amount(1, 10080)
      .default(60)
      .describe('Minutes between two downloads of the list.'),
  })
  .describe('The list of all public logs.');
