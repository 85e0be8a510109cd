import { Controller, Get } from '@nestjs/common';
import { type BrandSighting, BrandWatchService } from './brand-watch.service.js';

@Controller('brand-watch')
export class BrandWatchController {
  constructor(private readonly brandWatch: BrandWatchService) {}

  @Get()
  sightings(): readonly BrandSighting[] {
    return this.brandWatch.sightings();
  }
}
