/** LogEntryType (RFC 6962, 3.1). */
export const LogEntryType = { X509Entry: 0, PrecertEntry: 1 } as const;

/** Length of `issuer_key_hash` in a precert_entry (RFC 6962, 3.2). */
export const ISSUER_KEY_HASH_BYTES = 32;
