import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { output, run, TOOLS, TOP } from './deploy-tools.js';

export const CHART = 'deploy/helm/certstream-server-nest';
const KUBE_VERSION = '1.31.0';
const HELM = join(TOOLS, 'helm');
/** The sets of values in the folder `ci` of the chart. */
export const VALUES = readdirSync(join(TOP, CHART, 'ci')).map((name) => `${CHART}/ci/${name}`);
export const SMALL_VALUES = `${CHART}/ci/small-values.yaml`;
export const SINGLE_VALUES = `${CHART}/ci/ingress-monitoring-values.yaml`;
export const CLUSTER_VALUES = `${CHART}/ci/cluster-values.yaml`;

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Record<string, string>;
  readonly spec?: Record<string, never>;
}

/** Returns the manifests of a set of values, as YAML. @param more further arguments of `helm template`. */
export function render(values: string, ...more: readonly string[]): string {
  return output(HELM, templateOf(values, more));
}

/** Returns the exit code and the message of `helm template` for values that the chart refuses. */
export function refusal(values: string, ...more: readonly string[]): ReturnType<typeof run> {
  return run(HELM, templateOf(values, more));
}

function templateOf(values: string, more: readonly string[]): string[] {
  return ['template', 'x', CHART, '--kube-version', KUBE_VERSION, '-f', values, ...more];
}

/** Returns the file `config.yaml` that the chart writes. */
export const chartConfig = (values: string, ...more: readonly string[]): string =>
  String(documents(render(values, ...more)).find(({ kind }) => kind === 'ConfigMap')?.data?.['config.yaml']);

/** Returns the documents of a YAML text. */
export const documents = (yaml: string): Manifest[] =>
  parseAllDocuments(yaml)
    .map((document) => document.toJS() as Manifest | null)
    .filter((document) => document !== null);
