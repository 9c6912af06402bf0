// Numbers, sizes and times as people read them here: IEC units, a space that does not
// break before every unit, tabular figures. All functions are pure.
import { language, t } from "../locales";

import { wall } from "./zone";

const gap = "\u00a0";

const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });

// With 0, 1, 2 digits after the point, and nothing between the thousands.
const fixed = [0, 1, 2].map(
  (digits) =>
    new Intl.NumberFormat(language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      useGrouping: false,
    }),
);
const toFixed = (n: number, digits: number): string => fixed[digits]?.format(n) ?? String(n);

const months = new Intl.DateTimeFormat(language, { month: "short", timeZone: "UTC" });

/** A figure and its unit, apart, for places that set them in different sizes. */
export interface Figure {
  value: string;
  unit: string;
}

/** What stands where there is no figure. */
export const none = "–";

const join = ({ value, unit }: Figure) => (unit ? value + gap + unit : value);

const missing = (n: number | null | undefined): n is null | undefined => n == null || !Number.isFinite(n);

const sizes = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** 3.7 GiB, apart. */
export function bytesFigure(n: number | null | undefined): Figure {
  if (missing(n)) return { value: none, unit: "" };
  let i = 0;
  let v = Math.abs(n);
  // Half a step early, so that 1023.6 KiB reads 1.0 MiB and not 1024 KiB.
  while (v >= 1023.5 && i < sizes.length - 1) {
    v /= 1024;
    i++;
  }
  const text = toFixed(v, i === 0 || v >= 100 ? 0 : 1);
  return { value: n < 0 ? `-${text}` : text, unit: sizes[i] ?? "B" };
}

/** 3.7 GiB */
export const bytes = (n: number | null | undefined): string => join(bytesFigure(n));

/** 4.2 MiB/s, apart. */
export function rateFigure(n: number | null | undefined): Figure {
  const f = bytesFigure(n);
  return f.unit ? { value: f.value, unit: `${f.unit}/s` } : f;
}

/** 4.2 MiB/s */
export const rate = (n: number | null | undefined): string => join(rateFigure(n));

/** 120 M, for an axis whose figures are bytes or bytes a second. */
export function bytesAxis(n: number): string {
  const { value, unit } = bytesFigure(n);
  const text = value.replace(/[.,]0$/, "");
  return unit === "B" ? text : text + gap + unit.slice(0, 1);
}

/** 63 %, apart, of a ratio between 0 and 1. */
export function percentFigure(ratio: number | null | undefined): Figure {
  if (missing(ratio)) return { value: none, unit: "" };
  const p = ratio * 100;
  // 99.6 of a disk must not read as full, nor a trace as nothing.
  const shown = p > 99 && p < 100 ? 99 : p > 0 && p < 1 ? 1 : Math.round(p);
  return { value: String(shown), unit: "%" };
}

/** 63 % */
export const percent = (ratio: number | null | undefined): string => join(percentFigure(ratio));

/** 47 °C, apart. */
export function celsiusFigure(n: number | null | undefined): Figure {
  return missing(n) ? { value: none, unit: "" } : { value: toFixed(n, 0), unit: "°C" };
}

/** 47 °C */
export const celsius = (n: number | null | undefined): string => join(celsiusFigure(n));

/** 1,234 or 0.38: at most three digits that matter below a thousand. */
export function number(n: number | null | undefined): string {
  if (missing(n)) return none;
  if (Number.isInteger(n) || Math.abs(n) >= 1000) return whole.format(Math.round(n));
  return toFixed(n, Math.abs(n) >= 100 ? 0 : Math.abs(n) >= 10 ? 1 : 2);
}

const spans: [number, string][] = [
  [60, "s"],
  [3600, "min"],
  [86_400, "h"],
];
const lengths = [1, 60, 3600];

/** 14 min, 3 h, 41 days: one unit, rounded down. */
export function duration(seconds: number | null | undefined): string {
  if (missing(seconds)) return none;
  const s = Math.max(0, seconds);
  for (const [i, [below, unit]] of spans.entries()) {
    if (s < below) return Math.floor(s / (lengths[i] ?? 1)) + gap + unit;
  }
  const days = Math.floor(s / 86_400);
  return days < 365 ? t.ui.days(days) : t.ui.years(Math.floor(days / 365));
}

/** 120 ms, 1.4 s: how long a step took. */
export function milliseconds(ms: number | null | undefined): string {
  if (missing(ms)) return none;
  return ms < 1000 ? Math.round(ms) + gap + "ms" : toFixed(ms / 1000, 1) + gap + "s";
}

/** A time as the API writes it (RFC 3339) or as samples carry it (unix ms). */
export type Instant = string | number;

const stamp = (at: Instant): number => (typeof at === "number" ? at : Date.parse(at));

/** 2 s, 14 min, 3 h: how long ago, with "now" for the last second and for clocks slightly off. */
export function since(at: Instant | null | undefined, now: number): string {
  if (at == null) return t.ui.never;
  const s = (now - stamp(at)) / 1000;
  return s < 1 ? t.ui.now : duration(s);
}

const two = (n: number) => String(n).padStart(2, "0");

/** 17:37 or 17:37:20, in the reader's time zone. */
export function clock(at: Instant, seconds = false): string {
  const d = wall(stamp(at));
  const short = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
  return seconds ? `${short}:${two(d.getUTCSeconds())}` : short;
}

/** 2026-11-23, in the reader's time zone. */
export function day(at: Instant): string {
  const d = wall(stamp(at));
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

/** Today, Yesterday, Mon 23 November; with its year if that is another one. */
export function dayName(at: Instant, now: number): string {
  const date = day(at);
  if (date === day(now)) return t.ui.today;
  const before = wall(now);
  before.setUTCDate(before.getUTCDate() - 1);
  const d = wall(stamp(at));
  if (d.toISOString().slice(0, 10) === before.toISOString().slice(0, 10)) return t.ui.yesterday;
  const year = d.getUTCFullYear() === wall(now).getUTCFullYear() ? undefined : "numeric";
  const parts = { weekday: "short", day: "numeric", month: "long", year, timeZone: "UTC" } as const;
  return d.toLocaleDateString(language === "en" ? "en-GB" : language, parts).replace(",", "");
}

/** 2026-11-23 17:37:20 */
export const exact = (at: Instant): string => `${day(at)} ${clock(at, true)}`;

/** 17:37 today, 23 Nov 17:37 on another day. */
export function when(at: Instant, now: number): string {
  if (day(at) === day(now)) return clock(at);
  const d = wall(stamp(at));
  const month = months.format(d);
  return d.getUTCFullYear() === wall(now).getUTCFullYear()
    ? `${d.getUTCDate()} ${month} ${clock(at)}`
    : `${d.getUTCDate()} ${month} ${d.getUTCFullYear()}`;
}
