// @vitest-environment jsdom
import { beforeAll, expect, test, vi } from "vitest";

beforeAll(() => {
  // uPlot asks for the density of the screen when it is loaded.
  vi.stubGlobal("matchMedia", () => ({
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
});

test("the axis ends on a round figure whose half is round, too", async () => {
  const { top } = await import("./chart-plot");
  const of = (high: number) => [{ points: [[0, high]] as [number, number][] }];
  expect(top(of(0.58), [], undefined)).toBe(0.6);
  expect(top(of(47), [], undefined)).toBe(50);
  expect(top(of(0), [], undefined)).toBe(1);
  expect(top(of(5), [], 1)).toBe(1);
  expect(top(of(190 * 2 ** 20), [], undefined, 1024)).toBe(200 * 2 ** 20);
});

test("a limit within reach is shown, one far away is not", async () => {
  const { top } = await import("./chart-plot");
  const series = [{ points: [[0, 47]] as [number, number][] }];
  const limit = (value: number) => [{ value, look: "warning" as const, label: "" }];
  expect(top(series, limit(70), undefined)).toBe(80);
  expect(top(series, limit(500), undefined)).toBe(50);
});

test("no line crosses a gap", async () => {
  const { data } = await import("./chart-plot");
  const points = [
    [0, 1],
    [1000, 2],
    [9000, 3],
  ] as const;
  expect(data([{ points }], 3000)).toEqual([
    [0, 1, 1.001, 9],
    [1, 2, null, 3],
  ]);
});
