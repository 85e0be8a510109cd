import type { CollectedMetric, CollectedSample } from './collected-metric.js';

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary']);
const UNITS: readonly string[] = ['seconds', 'bytes'];
const COUNTER_SUFFIX = '_total';
/** Labels whose values are numbers. */
const NUMERIC_LABELS: ReadonlySet<string> = new Set(['le', 'quantile']);

/**
 * Returns the exposition of OpenMetrics 1.0. Sample names are those of the Prometheus text format: a counter whose name OpenMetrics would
 * change, because `_total` is missing at its end, has the type `unknown`, and so has a counter whose family has the name of another metric.
 */
export function openMetrics(metrics: readonly CollectedMetric[]): string {
  const names = new Set(metrics.map(({ name }) => name));
  const lines: string[] = [];
  for (const metric of metrics) {
    const { name, help, values } = metric;
    const stem = name.endsWith(COUNTER_SUFFIX) ? name.slice(0, -COUNTER_SUFFIX.length) : '';
    const isCounter = metric.type === 'counter' && stem !== '' && !names.has(stem);
    const family = isCounter ? stem : name;
    const isKnown = metric.type === 'counter' ? isCounter : TYPES.has(metric.type);
    lines.push(`# TYPE ${family} ${isKnown ? metric.type : 'unknown'}`);
    const unit = UNITS.find((each) => family.endsWith(`_${each}`));
    if (unit !== undefined) lines.push(`# UNIT ${family} ${unit}`);
    lines.push(`# HELP ${family} ${escaped(help)}`);
    for (const sample of values) lines.push(sampleLine(name, sample));
  }
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

function sampleLine(name: string, { metricName = name, labels, value }: CollectedSample): string {
  const pairs: string[] = [];
  for (const [label, text] of Object.entries(labels)) {
    if (text === undefined) continue;
    const shown = NUMERIC_LABELS.has(label) ? canonical(String(text)) : escaped(String(text));
    pairs.push(`${label}="${shown}"`);
  }
  return `${metricName}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}`;
}

/** Returns a number as the value of a label: a whole number has a decimal point ("Numbers" in the specification). */
function canonical(text: string): string {
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function escaped(text: string): string {
  return text.replaceAll(/[\\"\n]/g, (character) => (character === '\n' ? String.raw`\n` : `\\${character}`));
}

/**
 * Returns whether a request asks for OpenMetrics 1.0 and does not prefer the Prometheus text format.
 * @param accept the header `Accept` (RFC 9110, section 12.5.1). A wildcard does not ask for OpenMetrics.
 */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  let open = 0;
  let plain = 0;
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim());
    const parameter = (name: string): string | undefined =>
      parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
    const quality = Number(parameter('q') ?? 1);
    const version = parameter('version') ?? '1.0.0';
    if (!(quality > 0)) continue;
    if (type === 'application/openmetrics-text' && version === '1.0.0') open = Math.max(open, quality);
    if (type === 'text/plain') plain = Math.max(plain, quality);
  }
  return open > 0 && open >= plain;
}
