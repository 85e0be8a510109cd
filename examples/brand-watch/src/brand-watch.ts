import { Controller, Get, Inject, Injectable, Logger, Module, type OnModuleInit } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import {
  type CertificateEntry,
  CertificateFeed,
  defineConfigSection,
  type MetricContribution,
  type MetricDefinition,
  MetricSource,
  StreamModule,
} from 'certstream-server-nest';
import { z } from 'zod';

/** `brand_watch` in config.yaml; `CERTSTREAM_BRAND_WATCH_WORDS` in the environment. */
export const brandWatchConfig = defineConfigSection(
  'brand_watch',
  z.object({
    words: z.array(z.string()).default([]).describe('Words to look for in domain names.'),
    keep: z.int().positive().default(1000).describe('Number of the newest sightings to keep.'),
  }),
);
export const configSections = [brandWatchConfig];

export interface Sighting {
  readonly word: string;
  readonly domain: string;
  readonly log: string;
  readonly index: number;
}

/** Finds names that contain a word in every certificate of every log. */
@Injectable()
@MetricSource()
export class BrandWatch implements OnModuleInit, MetricContribution {
  /** Newest first. */
  readonly sightings: Sighting[] = [];
  private readonly logger = new Logger(BrandWatch.name);
  private readonly counts = new Map<string, number>();

  constructor(
    @Inject(brandWatchConfig.KEY) private readonly config: ConfigType<typeof brandWatchConfig>,
    private readonly feed: CertificateFeed,
  ) {}

  onModuleInit(): void {
    this.feed.entries$.subscribe((entry) => this.look(entry));
  }

  /** `<prefix>_brand_sightings_total{word="..."}`, read at each scrape. */
  metrics(): MetricDefinition[] {
    const read: MetricDefinition['read'] = (report) => {
      for (const [word, count] of this.counts) report(count, { word });
    };
    const help = 'Names that contain a word.';
    return [{ type: 'counter', name: 'brand_sightings_total', help, labels: ['word'], read }];
  }

  private look(entry: CertificateEntry): void {
    for (const domain of entry.allDomains()) {
      const word = this.config.words.find((each) => domain.toLowerCase().includes(each.toLowerCase()));
      if (word === undefined) continue;
      const sighting = { word, domain, log: entry.source.name, index: entry.index };
      this.sightings.unshift(sighting);
      this.sightings.length = Math.min(this.sightings.length, this.config.keep);
      this.counts.set(word, (this.counts.get(word) ?? 0) + 1);
      this.logger.log('sighting', sighting);
    }
  }
}

@Controller('brand-watch')
export class BrandWatchController {
  constructor(private readonly brandWatch: BrandWatch) {}

  @Get()
  sightings(): readonly Sighting[] {
    return this.brandWatch.sightings;
  }
}

@Module({ imports: [StreamModule], controllers: [BrandWatchController], providers: [BrandWatch] })
export default class BrandWatchModule {}
