import { FlightBudget, type Load } from '../../src/ct-log/scheduling/flight-budget.js';
import { FlightShare } from '../../src/ct-log/scheduling/flight-share.js';
import { VirtualClock } from './virtual-clock.js';

/** Creates the share of one log in a budget without other logs. */
export function flightShare(
  capacity: Load = { entries: 10_000, bytes: 1e9 },
  clock = new VirtualClock(),
): FlightShare {
  return new FlightShare(new FlightBudget(capacity, clock), 'operator');
}
