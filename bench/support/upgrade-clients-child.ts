/** Child process of `UpgradeClients`. */
import { eventSourceClient, type StockClient, webSocketClient } from './stock-clients.js';
import type { UpgradeClientsAnswer, UpgradeClientsCommand, UpgradeClientsSetup } from './upgrade-clients.js';

const setup = JSON.parse(process.argv[2]) as UpgradeClientsSetup;
const open = (count: number, client: (url: string) => StockClient): StockClient[] =>
  Array.from({ length: count }, () => client(setup.url));
const eventSources = open(setup.eventSources, eventSourceClient);
const webSockets = open(setup.webSockets, webSocketClient);

process.on('message', (command: UpgradeClientsCommand) => {
  const wanted = command.do === 'tally' ? command.wanted : [];
  const tallies = (clients: readonly StockClient[]) => clients.map(({ counts }) => counts.tally(wanted));
  const answer: UpgradeClientsAnswer = {
    open: [...eventSources, ...webSockets].filter(({ counts }) => counts.isOpen).length,
    eventSources: tallies(eventSources),
    webSockets: tallies(webSockets),
  };
  process.send?.(answer);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
