import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { UnitPatience } from './unit-patience.js';

describe(UnitPatience.name, () => {
  const clock = new VirtualClock();
  const patience = new UnitPatience(clock);

  it('ends after ten seconds in which a log could not be followed, whatever becomes of others', () => {
    clock.time = 1000;
    expect(patience.failed('Google', 'argon')).toBe(false);
    clock.time = 10_999;
    expect(patience.failed('Google', 'argon')).toBe(false);
    patience.succeeded('Google', 'xenon');
    expect(patience.failed('Google', 'xenon')).toBe(false);
    clock.time = 11_000;
    expect(patience.failed('Google', 'xenon')).toBe(false);
    expect(patience.failed('Google', 'argon')).toBe(true);
    expect(patience.failed('Sectigo', 'sabre')).toBe(false);
  });

  it('begins again with a unit that was left to others, each time after a longer pause', () => {
    expect(patience.pause('Google')).toBe(60_000);
    expect(patience.pause('Google')).toBe(60_000);
    patience.leave('Google');
    expect(patience.failed('Google', 'argon')).toBe(false);
    expect(patience.pause('Google')).toBe(120_000);
    for (let times = 0; times < 10; times++) patience.leave('Google');
    expect(patience.pause('Google')).toBe(3_600_000);
    patience.failed('Google', 'argon');
    patience.succeeded('Google', 'argon');
    expect(patience.pause('Google')).toBe(60_000);
  });
});
