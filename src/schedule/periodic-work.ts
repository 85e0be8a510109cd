import { type BeforeApplicationShutdown, Injectable, Optional } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';

const PREFIX = 'certstream.';

/**
 * Runs the periodic work of this server in the SchedulerRegistry of the application, under names that begin with
 * `certstream.`. If the application has no `ScheduleModule`, this class creates a registry. It does not import
 * `ScheduleModule.forRoot()`: in an application that also imports it, every `@Interval` and `@Cron` would run twice.
 */
@Injectable()
export class PeriodicWork implements BeforeApplicationShutdown {
  private readonly names = { interval: new Set<string>(), timeout: new Set<string>() };
  private found: SchedulerRegistry | undefined;

  constructor(@Optional() private readonly modules?: ModuleRef) {}

  /** Use it only after all modules have been created. */
  get registry(): SchedulerRegistry {
    return (this.found ??= this.registryOfApplication() ?? new SchedulerRegistry());
  }

  /** Runs `work`, which must not reject, every `ms` milliseconds. Replaces the work of the same name. */
  every(name: string, ms: number, work: () => unknown): void {
    this.cancel(name);
    this.registry.addInterval(PREFIX + name, setInterval(work, ms));
    this.names.interval.add(name);
  }

  /** Runs `work`, which must not reject, once after `ms` milliseconds. Replaces the work of the same name. */
  after(name: string, ms: number, work: () => unknown): void {
    this.cancel(name);
    const run = (): void => {
      this.cancel(name);
      work();
    };
    this.registry.addTimeout(PREFIX + name, setTimeout(run, ms));
    this.names.timeout.add(name);
  }

  cancel(name: string): void {
    for (const type of ['interval', 'timeout'] as const) {
      if (!this.names[type].delete(name) || !this.registry.doesExist(type, PREFIX + name)) continue;
      if (type === 'interval') this.registry.deleteInterval(PREFIX + name);
      else this.registry.deleteTimeout(PREFIX + name);
    }
  }

  beforeApplicationShutdown(): void {
    for (const name of [...this.names.interval, ...this.names.timeout]) this.cancel(name);
  }

  private registryOfApplication(): SchedulerRegistry | undefined {
    try {
      return this.modules?.get(SchedulerRegistry, { strict: false });
    } catch {
      return undefined;
    }
  }
}
