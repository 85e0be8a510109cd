/** Child process of a `LogFleet`. */
import { Fleet } from './fleet.js';
import type { FleetCommand, FleetSetup } from './log-fleet.js';

const { groups } = JSON.parse(process.argv[2]) as FleetSetup;
const fleet = await Fleet.start(groups);
process.on('message', (command: FleetCommand) => {
  void fleet.send(command).then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit());
process.send?.(fleet.ready);
