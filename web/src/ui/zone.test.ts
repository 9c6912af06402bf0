import { afterEach, expect, test } from "vitest";

import { instant, setZone, wall } from "./zone";

afterEach(() => setZone(""));

test.each([
  ["Europe/Warsaw", "2026-11-24T13:37:20", "2026-11-24T12:37:20.000Z"],
  ["Europe/Warsaw", "2026-07-01T00:00", "2026-06-30T22:00:00.000Z"],
  ["America/New_York", "2026-11-24T00:00:00", "2026-11-24T05:00:00.000Z"],
  ["Asia/Kolkata", "2026-01-01T05:30", "2026-01-01T00:00:00.000Z"],
])("a clock in %s that shows %s means %s", (zone, text, utc) => {
  setZone(zone);
  const ms = instant(text);
  expect(new Date(ms).toISOString()).toBe(utc);
  expect(wall(ms).toISOString().slice(0, text.length)).toBe(text);
});

test("an hour that clocks leave out becomes the one beside it", () => {
  setZone("Europe/Warsaw");
  expect(new Date(instant("2026-03-29T02:30")).toISOString()).toBe("2026-03-29T01:30:00.000Z");
});

test("no time is none", () => expect(instant("")).toBeNaN());
