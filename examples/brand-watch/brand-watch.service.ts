import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { CertificateFeed, type CertificateEntry } from '../../src/public-api.js';

/** Injection token of the words to look for, lower case. */
export const BRAND_WORDS = Symbol('BRAND_WORDS');

export interface BrandSighting {
  readonly word: string;
  readonly domain: string;
  readonly log: string;
  readonly index: number;
}

/** Keeps the newest certificates whose names contain one of the words. */
@Injectable()
export class BrandWatchService implements OnModuleInit, OnModuleDestroy {
  private static readonly LIMIT = 1000;
  private readonly logger = new Logger(BrandWatchService.name);
  private readonly found: BrandSighting[] = [];
  private subscription: Subscription | undefined;

  constructor(
    private readonly stream: CertificateFeed,
    @Inject(BRAND_WORDS) private readonly words: readonly string[],
  ) {}

  onModuleInit(): void {
    this.subscription = this.stream.entries$.subscribe((entry) => this.look(entry));
  }

  onModuleDestroy(): void {
    this.subscription?.unsubscribe();
  }

  /** Newest first. */
  sightings(): readonly BrandSighting[] {
    return this.found;
  }

  private look(entry: CertificateEntry): void {
    for (const domain of entry.allDomains()) {
      const name = domain.toLowerCase();
      const word = this.words.find((candidate) => name.includes(candidate));
      if (word === undefined) continue;
      this.found.unshift({ word, domain, log: entry.source.name, index: entry.index });
      this.found.length = Math.min(this.found.length, BrandWatchService.LIMIT);
      this.logger.log('sighting', { word, domain, log: entry.source.name, index: entry.index });
    }
  }
}
