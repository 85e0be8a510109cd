import { clientsAndOutputs } from '../../deploy/grafana/clients-and-outputs.js';
import { cluster } from '../../deploy/grafana/cluster.js';
import { logs } from '../../deploy/grafana/logs.js';
import { overview } from '../../deploy/grafana/overview.js';

/** The parts of Grafana's model of a panel that the tests read. */
export interface PanelModel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly fieldConfig: { readonly defaults: { readonly unit: string } };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** The parts of Grafana's model of a dashboard that the tests read. */
export interface DashboardModel {
  readonly uid: string;
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
  readonly panels: readonly PanelModel[];
}

/** The dashboards by the names of their files. */
export const DASHBOARDS = {
  overview,
  logs,
  'clients-and-outputs': clientsAndOutputs,
  cluster,
} as unknown as Readonly<Record<string, DashboardModel>>;

/** Metrics that have no samples within the first minute of a server. */
export const LATE_METRICS: readonly string[] = [
  'certstreamservergo_log_growth_entries_per_second',
  'certstreamservergo_log_delivery_entries_per_second',
];

/** The labels of the metrics of a cluster, which have no samples at a server that works alone. */
export const CLUSTER_LABELS: Readonly<Record<string, string>> = {
  certstreamservergo_cluster_members: 'role',
  certstreamservergo_cluster_leases_held: 'group',
  certstreamservergo_cluster_leases_without_owner: 'group',
};

/** Whether a metric may have no samples here. */
export function isLate(name: string): boolean {
  return LATE_METRICS.includes(name) || name.startsWith('certstreamservergo_cluster_');
}

/** Returns the panels that show something. */
export function panelsOf({ panels }: DashboardModel): PanelModel[] {
  return panels.filter(({ type }) => type !== 'row');
}

/** Puts values into the variables of Grafana that a query contains. */
export function resolved(expr: string): string {
  return expr
    .replaceAll(/\$__(rate_interval|range)/g, '5m')
    .replaceAll(/\$(job|instance|operator|url)\b/g, '.*');
}
