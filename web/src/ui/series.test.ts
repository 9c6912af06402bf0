import { expect, test } from "vitest";

import { align, append, gaps, rates, runs, sparkPath, step } from "./series";

test("a counter becomes a rate, and a reset becomes nothing", () => {
  expect(
    rates([
      [0, 100],
      [2000, 300],
      [4000, 40],
      [6000, 60],
    ]),
  ).toEqual([
    [2000, 100],
    [6000, 10],
  ]);
});

test("newer points replace what is at or after their time, and the oldest go", () => {
  expect(
    append(
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      [
        [3, 30],
        [4, 40],
      ],
      2,
    ),
  ).toEqual([
    [2, 2],
    [3, 30],
    [4, 40],
  ]);
  expect(append([[5, 1]], [], 0)).toEqual([[5, 1]]);
});

test("series of different times share an axis", () => {
  expect(
    align([
      [
        [1, 10],
        [3, 30],
      ],
      [[2, 20]],
    ]),
  ).toEqual({
    times: [1, 2, 3],
    values: [
      [10, null, 30],
      [null, 20, null],
    ],
  });
});

test("silence is a gap, at the ends only when it lasts", () => {
  expect(gaps([80, 90], 15, 0, 100)).toEqual([[0, 80]]);
  expect(gaps([0, 10, 50, 60], 15, 0, 100)).toEqual([
    [10, 50],
    [60, 100],
  ]);
  expect(gaps([0, 10, 50, 60], 15, 20, 70)).toEqual([[20, 50]]);
  expect(gaps([], 15, 0, 100)).toEqual([]);
});

test("a sparkline breaks where points are missing", () => {
  const points = [
    [0, 0],
    [10, 1],
    [20, 1],
    [100, 1],
    [110, 0],
  ] as const;
  expect(step(points)).toBe(10);
  expect(runs(points, 30).map((run) => run.length)).toEqual([3, 2]);
  expect(sparkPath([], {})).toEqual({ line: "", area: "" });
  const { line } = sparkPath(
    [
      [0, 0],
      [50, 0.5],
      [100, 1],
    ],
    { max: 1 },
  );
  expect(line).toBe("M0.0 24.0L50.0 12.5L100.0 1.0");
});
