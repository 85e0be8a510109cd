import type uPlot from 'uplot';

export interface ChartSeries {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** Name of a colour of the style sheet. */
  readonly colour: 'published' | 'ingested';
}

export interface ChartLook {
  readonly width: number;
  readonly height: number;
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Where the chart is: its style names the colours. */
  readonly element: HTMLElement;
}

/** Pixels of the axes, so that charts below each other line up. */
const AXIS_WIDTH = 62;
const AXIS_HEIGHT = 26;

/** Returns the options of uPlot for a quiet chart: horizontal lines only, no legend, values from 0 on. */
export function chartOptions({ width, height, series, format, element }: ChartLook): uPlot.Options {
  const colours = coloursOf(element);
  const axis: uPlot.Axis = {
    stroke: colours.text,
    font: `11px ${getComputedStyle(element).fontFamily}`,
    ticks: { show: false },
    gap: 6,
  };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [10, 8, 0, 0],
    scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: AXIS_HEIGHT,
        space: 70,
        // Labels have no seconds.
        incrs: [60, 300, 600, 900, 1800],
        values: (_plot, splits) => splits.map((seconds) => clock.format(seconds * 1000)),
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        space: 36,
        grid: { stroke: colours.line, width: 1 },
        values: (_plot, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      ...series.map(({ name, colour }, at) => ({
        label: name,
        stroke: colours[colour],
        width: 1.6,
        fill: series.length === 1 || at > 0 ? colours.fill : undefined,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZone: 'UTC',
});

/** Reads the colours of the style sheet as a canvas understands them. */
function coloursOf(
  element: HTMLElement,
): Readonly<Record<'text' | 'line' | 'fill' | ChartSeries['colour'], string>> {
  const probe = document.createElement('i');
  element.append(probe);
  const read = (name: string): string => {
    probe.className = `colour-${name}`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    text: read('text'),
    line: read('line'),
    fill: read('fill'),
    published: read('published'),
    ingested: read('ingested'),
  };
  probe.remove();
  return colours;
}
