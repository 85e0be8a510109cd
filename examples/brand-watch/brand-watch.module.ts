import { type DynamicModule, Module } from '@nestjs/common';
import { StreamModule } from '../../src/public-api.js';
import { BrandWatchController } from './brand-watch.controller.js';
import { BRAND_WORDS, BrandWatchService } from './brand-watch.service.js';

/** Logs certificates whose names contain a word, and serves the newest at `GET /brand-watch`. */
@Module({})
export class BrandWatchModule {
  static forWords(words: readonly string[]): DynamicModule {
    return {
      module: BrandWatchModule,
      imports: [StreamModule],
      controllers: [BrandWatchController],
      providers: [
        BrandWatchService,
        { provide: BRAND_WORDS, useValue: words.map((word) => word.toLowerCase()) },
      ],
    };
  }
}
