import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { theme } from '../shell/theme.js';
import { type ChartSeries, chartOptions } from './chart-options.js';

export interface ChartProps {
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly timesMs: readonly number[];
  readonly series: readonly ChartSeries[];
  /** Prints a value of the axis. */
  readonly format: (value: number) => string;
  /** Says in a sentence what the chart shows, for people who do not see it. */
  readonly summary: string;
}

const HEIGHT = 160;

/** A chart over time. */
export function Chart({ title, timesMs, series, format, summary }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data: uPlot.AlignedData = [
    timesMs.map((ms) => ms / 1000),
    ...series.map(({ values }) => [...values]),
  ];
  const newest = useRef(data);
  newest.current = data;

  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return;
    const draw = () => {
      plot.current?.destroy();
      const size = { width: Math.max(200, element.clientWidth), height: HEIGHT };
      plot.current = new uPlot(chartOptions({ ...size, series, format, element }), newest.current, element);
    };
    draw();
    const observer = new ResizeObserver(() => {
      const width = Math.max(200, element.clientWidth);
      if (plot.current !== undefined && plot.current.width !== width)
        plot.current.setSize({ width, height: HEIGHT });
    });
    observer.observe(element);
    // A canvas does not know the style sheet.
    const forget = theme.subscribe(draw);
    return () => {
      forget();
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, []);

  const lastMs = timesMs.at(-1);
  useEffect(() => {
    if (plot.current !== undefined && timesMs.length > 0) plot.current.setData(newest.current);
  }, [lastMs, timesMs.length]);

  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        {series.length > 1 && (
          <span class="chart-legend">
            {series.map(({ name, colour }) => (
              <span key={name} class={`legend is-${colour}`}>
                {name}
              </span>
            ))}
          </span>
        )}
        <span class="unseen">{summary}</span>
      </figcaption>
      <div ref={place} class="plot" aria-hidden="true" />
    </figure>
  );
}
