import { afterEach, beforeEach, expect, test } from "vitest";

import type { Moment } from "./types";
import { setZone } from "../../ui/zone";
import { allOf, cellName, cellsOf, dayOf, hourOf, named, toField, unitOf } from "./timeline";

beforeEach(() => setZone("Europe/Warsaw"));
afterEach(() => setZone(""));

const at = (text: string, whole = false): Moment => ({ at: text, position: text, ...(whole && { whole }) });
const ms = (text: string) => Date.parse(text);

test("a week is cut into the days of the reader", () => {
  const span = allOf("2026-11-17T23:30:00Z", "2026-11-24T09:00:00Z"); // the 18th in Warsaw
  expect(unitOf(span)).toBe("days");
  const cells = cellsOf(span, [at("2026-11-17T23:30:00Z", true), at("2026-11-24T09:00:00Z")]);
  expect(cells.map((cell) => cellName(cell, "days"))).toEqual(
    [18, 19, 20, 21, 22, 23, 24].map((n) => `2026-11-${n}`),
  );
  expect(cells.map(({ n }) => n)).toEqual([1, 0, 0, 0, 0, 0, 1]);
  expect(cells[0]!.whole).toBe(true);
  expect(cells[6]!.whole).toBe(false);
});

test.each([
  ["2026-03-29T12:00:00Z", 23],
  ["2026-10-25T12:00:00Z", 25],
  ["2026-11-24T12:00:00Z", 24],
])("the day of %s has %s hours", (noon, hours) => {
  const span = dayOf(ms(noon));
  expect(unitOf(span)).toBe("hours");
  expect(cellsOf(span, [])).toHaveLength(hours);
});

test("an hour is cut into pairs of minutes, and a cell knows its newest moment", () => {
  const span = hourOf(ms("2026-11-24T12:37:20Z"));
  expect(toField(span.from)).toBe("2026-11-24T13:00:00");
  expect(unitOf(span)).toBe("minutes");
  const cells = cellsOf(span, [
    at("2026-11-24T12:37:01Z"),
    at("2026-11-24T12:37:59Z"),
    at("2026-11-24T12:38:00Z"),
  ]);
  expect(cells).toHaveLength(30);
  expect(cells[18]).toMatchObject({ n: 2, fill: 1, last: { at: "2026-11-24T12:37:59Z" } });
  expect(cells[19]!.n).toBe(1);
});

test("an hour of a zone that is half an hour off begins on its own clock", () => {
  setZone("Asia/Kolkata");
  expect(toField(hourOf(ms("2026-11-24T12:37:20Z")).from)).toBe("2026-11-24T18:00:00");
});

test("a year is thinned to cells that fit, and loses no moment", () => {
  const span = allOf("2025-11-25T00:00:00Z", "2026-11-24T00:00:00Z");
  const moments = Array.from({ length: 365 }, (_, i) =>
    at(new Date(ms("2025-11-25T06:00:00Z") + i * 86_400_000).toISOString()),
  ).filter((each) => ms(each.at) < span.to);
  const cells = cellsOf(span, moments);
  expect(cells.length).toBeLessThanOrEqual(31);
  expect(cells.reduce((sum, { n }) => sum + n, 0)).toBe(moments.length);
});

test("a lone moment beside a thousand is still seen", () => {
  const span = hourOf(ms("2026-11-24T12:00:00Z"));
  const many = Array.from({ length: 1000 }, () => at("2026-11-24T12:00:30Z"));
  expect(cellsOf(span, [...many, at("2026-11-24T12:59:00Z")])[29]!.fill).toBeGreaterThan(0.03);
});

test("moments beside the span are left out", () => {
  const span = hourOf(ms("2026-11-24T12:00:00Z"));
  const cells = cellsOf(span, [at("2026-11-24T11:59:59Z"), at("2026-11-24T13:00:00Z")]);
  expect(cells.every(({ n }) => n === 0)).toBe(true);
});

test("names under the line keep their distance", () => {
  const shown = (unit: "days" | "hours" | "minutes", count: number) =>
    Array.from({ length: count }, (_, i) => named(i, unit, count)).filter(Boolean).length;
  expect(shown("hours", 24)).toBe(4);
  expect(shown("minutes", 30)).toBe(6);
  expect(shown("days", 7)).toBe(4);
  expect(shown("days", 31)).toBe(4);
});
