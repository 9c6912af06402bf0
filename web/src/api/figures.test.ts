import { expect, test } from "vitest";

import { extend, stepOf } from "./history";
import { limitsOf, passed } from "./limits";
import { figures } from "./readings";
import { lookOf } from "./severity";
import type { Threshold } from "./types";

const at = Date.UTC(2026, 10, 23, 12);
const point = (metric: string, value: number, labels: Record<string, string> | null = null) => ({
  metric,
  labels,
  value,
});

test("one poll becomes the figures of a row: the fullest disk, the hottest sensor", () => {
  const points = [
    point("node_cpu_usage_ratio", 0.25),
    point("node_memory_used_bytes", 2),
    point("node_memory_total_bytes", 8),
    point("node_disk_used_bytes", 10, { mountpoint: "/" }),
    point("node_disk_size_bytes", 100, { mountpoint: "/" }),
    point("node_disk_used_bytes", 88, { mountpoint: "/tank" }),
    point("node_disk_size_bytes", 100, { mountpoint: "/tank" }),
    point("node_temperature_celsius", 41, { sensor: "a" }),
    point("node_temperature_celsius", 47, { sensor: "b" }),
  ];
  expect(figures({ server_id: "s1", at, points })).toEqual({
    at: "2026-11-23T12:00:00.000Z",
    cpu_ratio: 0.25,
    memory_used_bytes: 2,
    memory_ratio: 0.25,
    disk_ratio: 0.88,
    disk_mount: "/tank",
    temperature_c: 47,
  });
});

test("what a poll does not bring stays as it was", () => {
  expect(figures({ server_id: "s1", at, points: [] })).toEqual({ at: "2026-11-23T12:00:00.000Z" });
});

test("series grow by what is polled, and new ones appear", () => {
  const known = [{ metric: "load", labels: {}, points: [[at - 5000, 1]] as const }];
  const grown = extend(
    known,
    { server_id: "s1", at, points: [point("load", 2), point("heat", 40, { sensor: "a" })] },
    0,
  );
  expect(grown).toEqual([
    {
      metric: "load",
      labels: {},
      points: [
        [at - 5000, 1],
        [at, 2],
      ],
    },
    { metric: "heat", labels: { sensor: "a" }, points: [[at, 40]] },
  ]);
});

test("a span is asked for in about as many points as a chart is wide", () => {
  const hours = (n: number) => stepOf({ from: 0, to: n * 3_600_000 });
  expect([hours(1), hours(6), hours(24), hours(168)]).toEqual([15, 60, 300, 1800]);
});

const threshold = (over: Partial<Threshold>): Threshold =>
  ({
    enabled: true,
    server_id: null,
    tag: "",
    metric: "cpu_percent",
    condition: "gt",
    value: 90,
    severity: "warning",
    ...over,
  }) as Threshold;

test("the limits of a server are its own, those of its tags, and those of all", () => {
  const all = [
    threshold({}),
    threshold({ value: 95, severity: "critical", tag: "attic" }),
    threshold({ value: 50, tag: "cellar" }),
    threshold({ value: 60, server_id: "s2" }),
    threshold({ value: 70, enabled: false }),
    threshold({ value: 10, condition: "lt" }),
    threshold({ value: 80, metric: "memory_percent" }),
  ];
  const limits = limitsOf(all, { id: "s1", tags: ["attic"] }, "cpu");
  expect(limits.map((limit) => limit.value)).toEqual([0.9, 0.95]);
  expect(passed(0.97, limits)?.shape).toBe("diamond");
  expect(passed(0.92, limits)?.shape).toBe("triangle");
  expect(passed(0.5, limits)).toBeUndefined();
  expect(passed(null, limits)).toBeUndefined();
});

test("a server looks like its worst trouble", () => {
  const up = {
    id: "s1",
    state: "up" as const,
    alerts: { critical: 0, warning: 0, info: 0 },
    last_seen: new Date(at).toISOString(),
    poll_seconds: 5,
  };
  expect(lookOf(up, at + 10_000)).toBe("up");
  expect(lookOf(up, at + 600_000)).toBe("stale");
  expect(lookOf({ ...up, alerts: { critical: 0, warning: 1, info: 0 } }, at)).toBe("warning");
  expect(lookOf({ ...up, state: "down", alerts: { critical: 1, warning: 0, info: 0 } }, at)).toBe("down");
});
