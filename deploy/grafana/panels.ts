/** Shapes of the panels of a Grafana dashboard, as far as the dashboards of this folder differ in them. */

/** Number of columns of a dashboard (Grafana's dashboard model). */
const COLUMNS = 24;

/** The data source that the user chooses at the top of a dashboard. */
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

export interface Query {
  readonly expr: string;
  /** Name of the series in the legend; in a table the title of the column. */
  readonly legend: string;
}

export interface PanelOptions {
  readonly title: string;
  readonly description: string;
  /** Grafana's name of a unit, for example `s`, `bytes` or `cps` (counts per second). */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Columns; default 12 for a graph and 4 for a number. */
  readonly width?: number;
  /** Values from which the panel is yellow or red. Default: no colours. */
  readonly warn?: number;
  readonly bad?: number;
  /** Draw the series of a graph above each other. */
  readonly stacked?: boolean;
}

/** A panel without its place on the dashboard. */
export interface Panel {
  readonly width: number;
  readonly height: number;
  readonly model: object;
}

/** A graph of series over time. */
export function graph(options: PanelOptions): Panel {
  const { stacked = false, width = 12 } = options;
  return {
    width,
    height: 8,
    model: {
      ...base('timeseries', options),
      fieldConfig: {
        defaults: {
          ...defaults(options),
          min: 0,
          custom: {
            drawStyle: 'line',
            fillOpacity: stacked ? 30 : 10,
            lineWidth: 1,
            showPoints: 'never',
            spanNulls: false,
            stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
            thresholdsStyle: { mode: options.bad === undefined ? 'off' : 'line' },
          },
        },
        overrides: [],
      },
      options: {
        legend: {
          showLegend: true,
          displayMode: 'table',
          placement: 'bottom',
          calcs: ['lastNotNull', 'max'],
        },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
      targets: options.queries.map((query, index) => target(query, index, { range: true })),
    },
  };
}

/** One number, or one for each series. */
export function stat(options: PanelOptions): Panel {
  return {
    width: options.width ?? 4,
    height: 4,
    model: {
      ...base('stat', options),
      fieldConfig: { defaults: defaults(options), overrides: [] },
      options: {
        colorMode: options.bad === undefined && options.warn === undefined ? 'none' : 'background',
        graphMode: 'none',
        justifyMode: 'auto',
        orientation: 'auto',
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        textMode: options.queries.some(({ legend }) => legend.includes('{{')) ? 'value_and_name' : 'auto',
      },
      targets: options.queries.map((query, index) => target(query, index, { instant: true })),
    },
  };
}

export interface TableOptions extends Omit<PanelOptions, 'queries'> {
  readonly queries: readonly (Query & { readonly unit: string })[];
  /** Title of the column of each label, in the order of the columns. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A table with one row for each combination of labels and one column for each query. */
export function table(options: TableOptions): Panel {
  const { queries, labels } = options;
  const valueOf = (index: number): string => `Value #${refId(index)}`;
  const columns = queries.map(({ legend }, index) => [valueOf(index), legend] as const);
  const isShown = columns.filter(([, title]) => title !== '');
  return {
    width: options.width ?? COLUMNS,
    height: 12,
    model: {
      ...base('table', options),
      fieldConfig: {
        defaults: { ...defaults(options), custom: { align: 'auto', filterable: true } },
        overrides: queries
          .filter(({ legend }) => legend !== '')
          .map(({ legend, unit }) => ({
            matcher: { id: 'byName', options: legend },
            properties: [{ id: 'unit', value: unit }],
          })),
      },
      options: { showHeader: true, cellHeight: 'sm', footer: { show: false } },
      targets: queries.map((query, index) => target(query, index, { instant: true, format: 'table' })),
      transformations: [
        { id: 'merge', options: {} },
        {
          id: 'organize',
          options: {
            excludeByName: Object.fromEntries(
              ['Time', ...columns.filter(([, title]) => title === '').map(([value]) => value)].map((name) => [
                name,
                true,
              ]),
            ),
            indexByName: Object.fromEntries(
              [...Object.keys(labels), ...isShown.map(([value]) => value)].map((name, index) => [
                name,
                index,
              ]),
            ),
            renameByName: { ...labels, ...Object.fromEntries(isShown) },
          },
        },
      ],
    },
  };
}

function base(type: string, { title, description }: Omit<PanelOptions, 'queries'>): object {
  return { type, title, description, datasource: DATASOURCE };
}

function defaults({ unit, warn, bad }: Omit<PanelOptions, 'queries'>): object {
  const steps = [
    { color: warn === undefined && bad === undefined ? 'text' : 'green', value: null },
    ...(warn === undefined ? [] : [{ color: 'yellow', value: warn }]),
    ...(bad === undefined ? [] : [{ color: 'red', value: bad }]),
  ].sort((a, b) => (a.value ?? -Infinity) - (b.value ?? -Infinity));
  return {
    unit,
    color: { mode: warn === undefined && bad === undefined ? 'palette-classic' : 'thresholds' },
    thresholds: { mode: 'absolute', steps },
  };
}

function target({ expr, legend }: Query, index: number, rest: object): object {
  return {
    refId: refId(index),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend,
    editorMode: 'code',
    ...rest,
  };
}

const refId = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Places the panels of each row from left to right, as many in a line as fit. */
export function placed(rows: readonly Row[]): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const { title, panels: members } of rows) {
    const id = () => panels.length + 1;
    panels.push({
      id: id(),
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const { width, height, model } of members) {
      if (x + width > COLUMNS) {
        y += lineHeight;
        x = 0;
        lineHeight = 0;
      }
      panels.push({ id: id(), ...model, gridPos: { x, y, w: width, h: height } });
      x += width;
      lineHeight = Math.max(lineHeight, height);
    }
    y += lineHeight;
  }
  return panels;
}
