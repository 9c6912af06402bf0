import type { RefObject } from "react";
import uPlot from "uplot";

import { t } from "../locales";
import { clock, day } from "./format";
import { align, gaps, type Point } from "./series";

/** A threshold: a dashed line with its value. */
export interface ChartLimit {
  value: number;
  look: "info" | "warning" | "critical";
  label: string;
}

interface Drawn {
  series: readonly { label: string; points: readonly Point[] }[];
  from: number;
  to: number;
  format: (value: number) => string;
  axis?: ((value: number) => string) | undefined;
  limits?: readonly ChartLimit[];
  marks?: readonly { at: number }[];
  gap: number;
  sync: string;
  onZoom?: ((from: number, to: number) => void) | undefined;
}

const font = '11px "Inter Variable", system-ui, sans-serif';

/** Times in seconds and the values of every series; a gap gets a null, so that no line crosses it. */
export function data(
  series: readonly { points: readonly Point[] }[],
  gap: number,
): [number[], ...(number | null)[][]] {
  const { times, values } = align(series.map((each) => each.points));
  const x: number[] = [];
  const y: (number | null)[][] = values.map(() => []);
  times.forEach((time, i) => {
    const before = times[i - 1];
    if (before !== undefined && time - before > gap) {
      x.push((before + 1) / 1000);
      for (const row of y) row.push(null);
    }
    x.push(time / 1000);
    y.forEach((row, j) => row.push(values[j]?.[i] ?? null));
  });
  return [x, ...y];
}

const rounds = [1, 2, 3, 4, 5, 6, 8, 10];

/** The top of the y axis: a round figure above everything drawn, so that its half is round too. */
export function top(
  series: readonly { points: readonly Point[] }[],
  limits: readonly ChartLimit[],
  max: number | undefined,
  base: 1000 | 1024 = 1000,
): number {
  if (max !== undefined) return max;
  let high = 0;
  for (const { points } of series) for (const [, value] of points) if (value > high) high = value;
  // A limit far above would press the line flat; it is then left out of sight.
  for (const { value } of limits) if (value <= high * 2.5) high = Math.max(high, value * 1.05);
  if (high <= 0) return 1;
  if (base === 1024) {
    let unit = 1;
    while (high >= unit * 1024) unit *= 1024;
    return nice(high / unit) * unit;
  }
  return nice(high);
}

function nice(high: number): number {
  const power = 10 ** Math.floor(Math.log10(high));
  // 3 times 0.1 is not 0.3; twelve digits are.
  return Number(((rounds.find((each) => each * power >= high) ?? 10) * power).toPrecision(12));
}

/** A time on the axis: the hour within a day or two, the date beyond. */
export function axisTime(at: number, span: number): string {
  return span > 2 * 86_400_000 ? `${day(at).slice(5)} ${clock(at)}` : clock(at);
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10_080].map(
  (minutes) => minutes * 60,
);

/** Round times, at most five of them, counted in the reader's time zone. */
function ticks(min: number, max: number, width: number): number[] {
  const count = Math.max(2, Math.min(5, Math.floor(width / 90)));
  const step = steps.find((each) => (max - min) / each <= count) ?? 10_080 * 60;
  const zone = new Date(min * 1000).getTimezoneOffset() * 60;
  const out: number[] = [];
  for (let at = Math.ceil((min - zone) / step) * step + zone; at <= max; at += step) out.push(at);
  return out;
}

interface Inks {
  [name: string]: string;
}

const names = [
  "chart-1",
  "chart-2",
  "chart-3",
  "chart-4",
  "chart-fill",
  "chart-grid",
  "chart-event",
  "warn-mark",
  "warn-text",
  "critical-mark",
  "critical-text",
  "info-mark",
  "info-text",
  "text-faint",
  "surface",
  "surface-hover",
  "border-strong",
];

const inks = (element: Element): Inks => {
  const style = getComputedStyle(element);
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`)]));
};

const limitInk = { info: "info", warning: "warn", critical: "critical" } as const;

function drawGaps(u: uPlot, drawn: Drawn, ink: Inks): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const times = [...new Set(drawn.series.flatMap(({ points }) => points.map((point) => point[0])))].sort(
    (a, b) => a - b,
  );
  for (const [a, b] of gaps(times, drawn.gap, drawn.from, drawn.to)) {
    const left = u.valToPos(a / 1000, "x", true);
    const width = u.valToPos(b / 1000, "x", true) - left;
    if (width < 3 * ratio) continue;
    ctx.fillStyle = ink["surface-hover"] ?? "";
    ctx.fillRect(left, bbox.top, width, bbox.height);
    if (width < 52 * ratio) continue;
    ctx.font = font.replace("11px", `${11 * ratio}px`);
    ctx.textAlign = "center";
    ctx.textBaseline = "alphabetic";
    ctx.fillStyle = ink["text-faint"] ?? "";
    ctx.fillText(t.ui.noData, left + width / 2, bbox.top + bbox.height - 10 * ratio);
  }
}

function drawLimits(u: uPlot, drawn: Drawn, ink: Inks): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const high = u.scales["y"]?.max ?? 0;
  for (const { value, look, label } of drawn.limits ?? []) {
    if (value > high) continue;
    const y = Math.round(u.valToPos(value, "y", true)) + 0.5;
    ctx.strokeStyle = ink[`${limitInk[look]}-mark`] ?? "";
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    line(ctx, bbox.left, y, bbox.left + bbox.width, y);
    ctx.setLineDash([]);
    ctx.font = font.replace("11px", `${11 * ratio}px`);
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    const below = y - bbox.top < 14 * ratio;
    const at: [string, number, number] = [label, bbox.left + 4 * ratio, y + (below ? 13 : -5) * ratio];
    ctx.lineWidth = 4 * ratio;
    ctx.lineJoin = "round";
    ctx.strokeStyle = ink["surface"] ?? "";
    ctx.strokeText(...at);
    ctx.fillStyle = ink[`${limitInk[look]}-text`] ?? "";
    ctx.fillText(...at);
  }
}

function drawMarks(u: uPlot, drawn: Drawn, ink: Inks): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.strokeStyle = ink["chart-event"] ?? "";
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 2 * ratio]);
  for (const { at } of drawn.marks ?? []) {
    if (at < drawn.from || at > drawn.to) continue;
    const x = Math.round(u.valToPos(at / 1000, "x", true)) + 0.5;
    line(ctx, x, bbox.top, x, bbox.top + bbox.height);
  }
  ctx.setLineDash([]);
  ctx.strokeStyle = ink["border-strong"] ?? "";
  const base = bbox.top + bbox.height - 0.5;
  line(ctx, bbox.left, base, bbox.left + bbox.width, base);
}

function line(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

function saved(draw: (u: uPlot, drawn: Drawn, ink: Inks) => void, latest: RefObject<Drawn>, ink: Inks) {
  return (u: uPlot) => {
    u.ctx.save();
    draw(u, latest.current, ink);
    u.ctx.restore();
  };
}

function axes(latest: RefObject<Drawn>, ink: Inks): uPlot.Axis[] {
  const text = ink["text-faint"] ?? "";
  return [
    {
      stroke: text,
      font,
      size: 24,
      gap: 8,
      grid: { show: false },
      ticks: { show: false },
      splits: (u, _axis, min, max) => ticks(min, max, u.bbox.width / devicePixelRatio),
      values: (_u, splits) => {
        const { from, to } = latest.current;
        return splits.map((at) => (to - from > 2 * 86_400_000 ? day(at * 1000).slice(5) : clock(at * 1000)));
      },
    },
    {
      stroke: text,
      font,
      size: 44,
      gap: 8,
      grid: { stroke: ink["chart-grid"] ?? "", width: 1 },
      ticks: { show: false },
      splits: (_u, _axis, min, max) => [min, (min + max) / 2, max],
      values: (_u, splits) => splits.map((value) => (latest.current.axis ?? latest.current.format)(value)),
    },
  ];
}

/** Makes the plot. What it draws it reads from `latest`, so that only a theme needs a new one. */
export function createPlot(
  element: HTMLElement,
  lines: number,
  latest: RefObject<Drawn>,
  onCursor: (index: number | null) => void,
): uPlot {
  const ink = inks(element);
  const series: uPlot.Series[] = Array.from({ length: lines }, (_, i) => ({
    stroke: ink[`chart-${(i % 4) + 1}`] ?? "",
    width: 1.5,
    ...(i === 0 && { fill: ink["chart-fill"] ?? "" }),
    points: { show: false },
  }));
  return new uPlot(
    {
      width: element.clientWidth,
      height: 168,
      padding: [8, 0, 0, 0],
      legend: { show: false },
      scales: { x: { time: true, auto: false }, y: { auto: false } },
      axes: axes(latest, ink),
      series: [{}, ...series],
      cursor: {
        y: false,
        sync: { key: latest.current.sync, scales: ["x", null] },
        drag: { x: true, y: false, setScale: false, dist: 6 },
        points: {
          size: 8,
          width: 2,
          stroke: ink["surface"] ?? "",
          fill: (_u, i) => ink[`chart-${((i - 1) % 4) + 1}`] ?? "",
        },
      },
      hooks: {
        drawClear: [saved(drawGaps, latest, ink)],
        draw: [saved(drawMarks, latest, ink), saved(drawLimits, latest, ink)],
        setCursor: [
          (u) => onCursor(u.cursor.left !== undefined && u.cursor.left >= 0 ? (u.cursor.idx ?? null) : null),
        ],
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width < 6) return;
            const from = u.posToVal(left, "x") * 1000;
            const to = u.posToVal(left + width, "x") * 1000;
            u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            latest.current.onZoom?.(Math.round(from), Math.round(to));
          },
        ],
      },
    },
    [[], ...Array.from({ length: lines }, () => [])] as uPlot.AlignedData,
    element,
  );
}
