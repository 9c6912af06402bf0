// The line of moments that can be restored, cut into cells that a person can point at.
import type { Moment } from "./types";
import { clock, day } from "../../ui/format";
import { instant, wall } from "../../ui/zone";

/** A span of time: from is within it, to is not. */
export interface Span {
  from: number;
  to: number;
}

/** How much time one cell stands for. */
export type Unit = "days" | "hours" | "minutes";

/** One piece of the line. */
export interface Cell extends Span {
  /** How many moments are in it. */
  n: number;
  /** Between 0 and 1: how many, of the most in one cell. */
  fill: number;
  /** A copy of the whole database stands there. */
  whole: boolean;
  /** The newest moment in it. */
  last: Moment | undefined;
}

const minute = 60_000;
const hour = 60 * minute;
const most = 31; // cells of 24 px on a line
const pair = 2 * minute;

const date = (ms: number) => wall(ms).toISOString().slice(0, 10);
const nextDate = (text: string, days: number) =>
  new Date(Date.parse(`${text}T00:00Z`) + days * 24 * hour).toISOString().slice(0, 10);

/** The first moment of the day that a moment is in. */
const dayStart = (ms: number): number => instant(`${date(ms)}T00:00`);

const dayAfter = (ms: number, days = 1): number => instant(`${nextDate(date(ms), days)}T00:00`);

/** The day that a moment is in. */
export const dayOf = (ms: number): Span => ({ from: dayStart(ms), to: dayAfter(ms) });

/** The hour that a moment is in. */
export const hourOf = (ms: number): Span => {
  const from = Math.floor(ms / minute) * minute - wall(ms).getUTCMinutes() * minute;
  return { from, to: from + hour };
};

/** Everything between the oldest and the newest moment, in whole days. */
export const allOf = (oldest: string, newest: string): Span => ({
  from: dayStart(Date.parse(oldest)),
  to: dayAfter(Date.parse(newest)),
});

/** What a span is cut into. */
export function unitOf({ from, to }: Span): Unit {
  if (to - from > 26 * hour) return "days";
  return to - from > hour ? "hours" : "minutes";
}

function* edges({ from, to }: Span): Generator<number> {
  const unit = unitOf({ from, to });
  if (unit !== "days") {
    for (let at = from; at < to; at += unit === "hours" ? hour : pair) yield at;
    return;
  }
  const step = Math.ceil((to - from) / (24 * hour) / most);
  for (let at = from; at < to; at = dayAfter(at, step)) yield at;
}

/** The cells of a span. Moments are in their order. */
export function cellsOf(span: Span, moments: readonly Moment[]): Cell[] {
  const starts = [...edges(span)];
  const cells: Cell[] = starts.map((from, i) => ({
    from,
    to: starts[i + 1] ?? span.to,
    n: 0,
    fill: 0,
    whole: false,
    last: undefined,
  }));
  let i = 0;
  for (const each of moments) {
    const at = Date.parse(each.at);
    while (i < cells.length && at >= cells[i]!.to) i++;
    const cell = cells[i];
    if (!cell || at < cell.from) continue;
    cell.n++;
    cell.last = each;
    cell.whole ||= each.whole ?? false;
  }
  const top = Math.max(1, ...cells.map(({ n }) => n));
  for (const cell of cells) cell.fill = Math.sqrt(cell.n / top); // a lone moment is seen beside a thousand
  return cells;
}

/** What a cell is called under the line. */
export function cellName({ from }: Span, unit: Unit): string {
  return unit === "days" ? day(from) : clock(from);
}

/** Which cells have their name under the line, so that names do not touch. */
export const named = (index: number, unit: Unit, count: number): boolean => {
  if (unit === "hours") return index % 6 === 0;
  if (unit === "minutes") return index % 5 === 0;
  return index % Math.max(1, Math.ceil(count / 4)) === 0;
};

/** The time in a field for times. */
export const toField = (ms: number): string => wall(ms).toISOString().slice(0, 19);
