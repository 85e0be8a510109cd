/** Length of `issuer_key_hash` in a precert_entry (RFC 6962, 3.2). */
export const ISSUER_KEY_HASH_BYTES = 32;
