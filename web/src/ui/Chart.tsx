import "uplot/dist/uPlot.min.css";
import "./chart.css";

import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type uPlot from "uplot";

import { t } from "../locales";
import { axisTime, type ChartLimit, createPlot, data, top } from "./chart-plot";
import { clock, when } from "./format";
import { looks, Mark, type State } from "./mark";
import type { Point } from "./series";
import { useScheme } from "./theme";

export type { ChartLimit } from "./chart-plot";

/** One line of a chart. */
export interface ChartSeries {
  label: string;
  points: readonly Point[];
}

/** Something that happened, on the time axis. */
export interface ChartMark {
  at: number;
  look: State;
  title: string;
}

interface ChartProps {
  title: string;
  series: readonly ChartSeries[];
  /** The span of time shown, unix ms. */
  from: number;
  to: number;
  format: (value: number) => string;
  /** The labels of the y axis, when shorter ones will do. */
  axis?: ((value: number) => string) | undefined;
  /** The top of the scale, when it is always the same. */
  max?: number | undefined;
  /** What the figures step by, so that the middle line has a round one: 1000 or 1024. */
  base?: 1000 | 1024;
  limits?: readonly ChartLimit[];
  marks?: readonly ChartMark[];
  /** Longer than this (ms) without a point is a gap. */
  gap: number;
  /** Charts with the same key share their cursor. */
  sync: string;
  onZoom?: ((from: number, to: number) => void) | undefined;
  /** Right of the title when the cursor is away. */
  note?: ReactNode;
}

function usePlot(props: ChartProps, onCursor: (index: number | null) => void) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const scheme = useScheme();
  const latest = useRef(props);
  const cursor = useRef(onCursor);
  useLayoutEffect(() => {
    latest.current = props;
    cursor.current = onCursor;
  });
  const lines = props.series.length;
  const { series, from, to, gap, max, base } = props;
  const values = useMemo(() => data(series, gap), [series, gap]);
  const ceiling = top(series, props.limits ?? [], max, base);

  // A new plot for a new theme or another number of lines; everything else only moves it.
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const made = createPlot(element, lines, latest, (index) => cursor.current(index));
    plot.current = made;
    const size = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: 168 }));
    size.observe(element);
    return () => {
      size.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [lines, scheme]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.batch(() => {
      made.setData(values, false);
      made.setScale("x", { min: from / 1000, max: to / 1000 });
      made.setScale("y", { min: 0, max: ceiling });
    });
  }, [values, from, to, ceiling, lines, scheme]);

  const { limits, marks } = props;
  useEffect(() => {
    plot.current?.redraw(false);
  }, [limits, marks]);
  return { box, values };
}

/** Lines over time, with limits, what happened, and gaps shown as gaps. */
export function Chart(props: ChartProps) {
  const { title, series, from, to, format, marks = [], note } = props;
  const [index, setIndex] = useState<number | null>(null);
  const { box, values } = usePlot(props, setIndex);
  const at = index === null ? undefined : values[0][index];
  const now = series.map(({ points }, i) =>
    index === null ? points[points.length - 1]?.[1] : (values[i + 1]?.[index] ?? undefined),
  );
  const left = (time: number) => `${((time - from) / (to - from)) * 100}%`;
  const spoken = series
    .map(({ label }, i) => `${label || title} ${now[i] === undefined ? t.ui.noData : format(now[i])}`)
    .join(", ");
  return (
    <figure className="min-w-0">
      <figcaption className="chart-head">
        <h2>{title}</h2>
        <span className="now">
          {series.map(({ label }, i) => (
            <span key={label || i} className="clip">
              {series.length > 1 && <i className={`key s${i + 1}`} />}
              {label && series.length > 1 && `${label} `}
              <b>{now[i] === undefined ? "–" : format(now[i])}</b>
              {series.length === 1 && at !== undefined && ` ${t.ui.at(clock(at * 1000))}`}
            </span>
          ))}
          {index === null && note}
        </span>
      </figcaption>
      <div className="chart" role="img" aria-label={spoken}>
        <div ref={box} />
        <div className="over">
          {marks
            .filter((mark) => mark.at >= from && mark.at <= to)
            .map((mark) => (
              <span
                key={`${mark.at} ${mark.title}`}
                className="event"
                style={{ left: left(mark.at) }}
                title={`${when(mark.at, Date.now())} ${mark.title}`}
              >
                <Mark shape={looks[mark.look].shape} tone={looks[mark.look].tone} />
              </span>
            ))}
          {at !== undefined && (
            <span className="tip" style={{ left: left(at * 1000) }}>
              {axisTime(at * 1000, to - from)}
            </span>
          )}
        </div>
      </div>
    </figure>
  );
}
