import { expect, test } from "vitest";

import type { Alert } from "../../api/types";
import { byTarget, count, only } from "./order";

const alert = (id: string, server_id: string, severity: Alert["severity"], more: Partial<Alert> = {}) =>
  ({ id, server_id, cluster_id: "", severity, state: "firing", stale_since: null, ...more }) as Alert;

const all = [
  alert("1", "nas", "warning"),
  alert("2", "pi", "critical", { state: "pending" }),
  alert("3", "gpu", "warning"),
  alert("4", "gpu", "critical"),
  alert("5", "nas", "info", { stale_since: "2026-11-23T18:00:00Z" }),
];

test("the server that burns comes first, what only may fire comes last", () => {
  expect(byTarget(all).map(({ id }) => id)).toEqual(["4", "3", "1", "5", "2"]);
});

test("a cluster has its place among the servers", () => {
  const cluster = (id: string, severity: Alert["severity"]) =>
    alert(id, "", severity, { cluster_id: "home" });
  const some = [
    alert("1", "nas", "warning"),
    cluster("2", "critical"),
    alert("3", "", "info"),
    cluster("4", "info"),
  ];
  expect(byTarget(some).map(({ id }) => id)).toEqual(["2", "4", "1", "3"]);
});

test("what has no data is counted as that", () => {
  expect(count(all)).toEqual({ critical: 2, warning: 2, info: 0, stale: 1 });
  expect(only(all, "stale").map(({ id }) => id)).toEqual(["5"]);
  expect(only(all, undefined)).toBe(all);
});
