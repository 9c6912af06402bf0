// Points over time, without any drawing: what charts and sparklines share.

/** A value at a time (unix ms). */
export type Point = readonly [at: number, value: number];

interface SparkOptions {
  /** The least top of the scale. */
  max?: number | undefined;
  from?: number | undefined;
  to?: number | undefined;
}

/** The typical distance between two points: the median, so that gaps do not count. */
export function step(points: readonly Point[]): number {
  if (points.length < 2) return 0;
  const apart: number[] = [];
  for (let i = 1; i < points.length; i++) apart.push(points[i]![0] - points[i - 1]![0]);
  apart.sort((a, b) => a - b);
  return apart[apart.length >> 1] ?? 0;
}

/** Cuts points where more than `allowed` passes between two. */
export function runs(points: readonly Point[], allowed: number): Point[][] {
  const out: Point[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    if (point[0] - last > allowed) out.push([]);
    out[out.length - 1]!.push(point);
    last = point[0];
  }
  return out;
}

/** The paths of a sparkline in a box of 100 by 24. */
export function sparkPath(
  points: readonly Point[],
  options: SparkOptions = {},
): { line: string; area: string } {
  if (points.length === 0) return { line: "", area: "" };
  const from = options.from ?? points[0]![0];
  const to = options.to ?? points[points.length - 1]![0];
  const width = Math.max(1, to - from);
  const high = points.reduce((most, point) => Math.max(most, point[1]), 0);
  const top = Math.max(options.max ?? high * 1.15, high, 1e-9);
  const x = (at: number) => (((at - from) / width) * 100).toFixed(1);
  const y = (value: number) => (24 - (Math.min(value, top) / top) * 23).toFixed(1);
  let line = "";
  let area = "";
  for (const run of runs(points, step(points) * 3 || width)) {
    const path = run.map(([at, value], i) => `${i ? "L" : "M"}${x(at)} ${y(value)}`).join("");
    line += path;
    area += `${path}L${x(run[run.length - 1]![0])} 24L${x(run[0]![0])} 24Z`;
  }
  return { line, area };
}

/**
 * Turns a counter into a rate a second. A counter that falls was reset: the pair around the
 * fall says nothing and gives no point.
 */
export function rates(points: readonly Point[]): Point[] {
  const out: Point[] = [];
  for (let i = 1; i < points.length; i++) {
    const [before, low] = points[i - 1]!;
    const [at, high] = points[i]!;
    if (high >= low && at > before) out.push([at, ((high - low) * 1000) / (at - before)]);
  }
  return out;
}

/** Adds newer points to older ones; a point at the same time is replaced, and what is before `from` is let go. */
export function append(points: readonly Point[], fresh: readonly Point[], from: number): Point[] {
  const first = fresh[0]?.[0] ?? Number.POSITIVE_INFINITY;
  const kept = points.filter((p) => p[0] >= from && p[0] < first);
  return [...kept, ...fresh.filter((p) => p[0] >= from)];
}

/** The union of the times of several series, with the value of each or null: what uPlot draws. */
export function align(series: readonly (readonly Point[])[]): {
  times: number[];
  values: (number | null)[][];
} {
  const times = [...new Set(series.flatMap((points) => points.map((p) => p[0])))].sort((a, b) => a - b);
  const at = new Map(times.map((time, i) => [time, i]));
  const values = series.map((points) => {
    const row: (number | null)[] = times.map(() => null);
    for (const [time, value] of points) row[at.get(time)!] = value;
    return row;
  });
  return { times, values };
}

/** The stretches between `from` and `to` where no series has a point for more than `allowed`;
 * at both ends for more than twice as long. */
export function gaps(
  times: readonly number[],
  allowed: number,
  from: number,
  to: number,
): [number, number][] {
  const out: [number, number][] = [];
  if (times.length === 0 || allowed <= 0) return out;
  const start = times[0]!;
  if (start - from > allowed * 2) out.push([from, Math.min(start, to)]);
  for (let i = 1; i < times.length; i++) {
    const [a, b] = [times[i - 1]!, times[i]!];
    if (b - a > allowed && b > from && a < to) out.push([Math.max(a, from), Math.min(b, to)]);
  }
  const end = times[times.length - 1]!;
  if (to - end > allowed * 2) out.push([Math.max(end, from), to]);
  return out;
}
