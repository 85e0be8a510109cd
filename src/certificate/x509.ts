import type { X509Certificate } from '@peculiar/x509';

/** Parses `der` with `@peculiar/x509`, which is loaded on first use. Rejects if the library cannot parse it. */
export async function readX509(der: Buffer): Promise<X509Certificate> {
  await import('reflect-metadata');
  const { X509Certificate: Certificate } = await import('@peculiar/x509');
  return new Certificate(der);
}
