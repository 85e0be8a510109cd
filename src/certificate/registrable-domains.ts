import type * as Tldts from 'tldts';
import { lazyModule } from '../kernel/lazy-module.js';

/** Holds the Public Suffix List, which takes several megabytes. */
const tldts = lazyModule('tldts') as () => typeof Tldts;

/** RFC 1035, 2.3.4, as text without the trailing dot. */
const MAX_NAME = 253;
/** Labels of letters, digits, `-`, `_` and characters beyond ASCII, divided by single dots. */
const HOST_NAME = /^[^\0-,./:-@[-^`{-\x7f]{1,63}(?:\.[^\0-,./:-@[-^`{-\x7f]{1,63})+$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Names per generation of the memo. Names are at most 253 characters, so both generations hold at most a few MB. */
const GENERATION = 4096;
const OPTIONS = { allowPrivateDomains: true, extractHostname: false, validateHostname: false };

/**
 * Returns the public suffix of a host name in lower case without trailing dot: the longest rule of the Public Suffix List
 * (ICANN and private section) that the name ends with, or its last label if there is no such rule. The suffix of `github.io`
 * is `github.io`. Returns an empty text for IP addresses and the empty name.
 */
export function publicSuffixOf(name: string): string {
  return tldts().getPublicSuffix(name, OPTIONS) ?? '';
}

/**
 * Finds the registrable domains (eTLD+1) of names: the public suffix and the label before it, with the ICANN and the private
 * rules of the Public Suffix List. Results are memoised, because a certificate appears in several logs. The memo has two
 * generations; a name that is not asked for during a whole generation is dropped.
 */
export class RegistrableDomains {
  private young = new Map<string, string | null>();
  private old = new Map<string, string | null>();

  /**
   * Returns the registrable domains of all names, in lower case, each once, in the order of their first name. Names without
   * one are left out, see {@link domainOf}.
   */
  of(names: readonly string[]): string[] {
    const domains = new Set<string>();
    for (const name of names) {
      const domain = this.domainOf(name);
      if (domain !== null) domains.add(domain);
    }
    return [...domains];
  }

  /**
   * Returns the registrable domain of a name in lower case. A leading `*.` and a trailing dot are ignored; A-labels and
   * U-labels stay as they are. Returns null for a public suffix, a single label, an IP address, and a text that is no host
   * name, such as the common name `Example Inc.`
   */
  domainOf(name: string): string | null {
    if (name.length > MAX_NAME + 3) return null;
    let domain = this.young.get(name);
    if (domain !== undefined) return domain;
    domain = this.old.get(name);
    if (domain === undefined) domain = registrableDomainOf(name);
    if (this.young.size >= GENERATION) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(name, domain);
    return domain;
  }
}

function registrableDomainOf(name: string): string | null {
  const host = name.slice(name.startsWith('*.') ? 2 : 0, name.endsWith('.') ? -1 : undefined).toLowerCase();
  if (host.length > MAX_NAME || !HOST_NAME.test(host) || LONE_SURROGATE.test(host)) return null;
  return tldts().getDomain(host, OPTIONS);
}
