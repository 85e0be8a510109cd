import { placed, type Row } from './panels.js';

/** First part of every metric name: the default of `prometheus.metric_prefix`. */
export const PREFIX = 'certstreamservergo';

/** Version of the dashboard model: that of Grafana 12. Newer versions of Grafana convert it. */
const SCHEMA_VERSION = 41;

/** A choice at the top of a dashboard whose values are those of a label. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** Metric that has the label, without prefix, with a selector. */
  readonly metric: string;
}

export interface DashboardOptions {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables?: readonly Variable[];
  readonly rows: readonly Row[];
}

const SERVERS: readonly Variable[] = [
  {
    name: 'job',
    label: 'Job',
    description: 'Job of Prometheus that scrapes the servers.',
    metric: 'build_info',
  },
  {
    name: 'instance',
    label: 'Server',
    description: 'Servers to show.',
    metric: 'build_info{job=~"$job"}',
  },
];

/** Returns the JSON model of a dashboard, for the import of Grafana or for its provisioning. */
export function dashboard({ uid, title, description, variables = [], rows }: DashboardOptions): object {
  return {
    uid: `certstream-${uid}`,
    title: `certstream: ${title}`,
    description,
    tags: ['certstream'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    timezone: 'browser',
    time: { from: 'now-6h', to: 'now' },
    timepicker: {},
    annotations: { list: [] },
    links: [
      {
        type: 'dashboards',
        title: 'certstream',
        tags: ['certstream'],
        asDropdown: false,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
        icon: 'dashboard',
        tooltip: '',
        url: '',
      },
    ],
    templating: {
      list: [
        {
          name: 'datasource',
          label: 'Data source',
          description: 'Prometheus server that scrapes certstream.',
          type: 'datasource',
          query: 'prometheus',
          regex: '',
          hide: 0,
          includeAll: false,
          multi: false,
          options: [],
          refresh: 1,
        },
        ...[...SERVERS, ...variables].map(labelVariable),
      ],
    },
    panels: placed(rows),
  };
}

function labelVariable({ name, label, description, metric: selector }: Variable): object {
  const query = `label_values(${PREFIX}_${selector}, ${name})`;
  return {
    name,
    label,
    description,
    type: 'query',
    datasource: { type: 'prometheus', uid: '${datasource}' },
    query: { query, refId: `PrometheusVariableQueryEditor-${name}` },
    regex: '',
    sort: 1,
    refresh: 2,
    hide: 0,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { selected: true, text: ['All'], value: ['$__all'] },
    options: [],
  };
}

/** Returns a selector of a metric of the chosen servers. @param matchers in PromQL, for example `state="failing"`. */
export function metric(name: string, ...matchers: readonly string[]): string {
  return `${PREFIX}_${name}${servers(...matchers)}`;
}

/** Returns a selector of a metric of the process, which has no prefix. */
export function processMetric(name: string): string {
  return `${name}${servers()}`;
}

function servers(...matchers: readonly string[]): string {
  return `{${['job=~"$job"', 'instance=~"$instance"', ...matchers].join(', ')}}`;
}

/** Returns the increase of a counter for each second, as a sum. @param by labels to keep, for example `url`. */
export function perSecond(selector: string, by?: string): string {
  return sum(`rate(${selector}[$__rate_interval])`, by);
}

/** Returns a sum over the chosen servers. @param by labels to keep. */
export function sum(expression: string, by?: string): string {
  return by === undefined ? `sum(${expression})` : `sum by (${by}) (${expression})`;
}

/** Returns the maximum over the chosen servers. @param by labels to keep. */
export function max(expression: string, by?: string): string {
  return by === undefined ? `max(${expression})` : `max by (${by}) (${expression})`;
}

/** Returns a quantile of a histogram. @param share 0 to 1. @param by labels to keep. */
export function quantile(share: number, histogram: string, by: string): string {
  const rates = perSecond(metric(`${histogram}_bucket`), `${by}, le`);
  return `histogram_quantile(${share}, ${rates})`;
}
