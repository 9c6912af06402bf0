import { expect, test } from "vitest";

import { needed, watched } from "./measure";

const disk = (metric: string, mountpoint: string, value: number) => ({
  metric,
  labels: { mountpoint },
  points: [[1000, value] as const],
});

test("a share is of the same file system", () => {
  const all = [
    disk("node_disk_used_bytes", "/", 10),
    disk("node_disk_used_bytes", "/tank", 90),
    disk("node_disk_size_bytes", "/", 1000),
    disk("node_disk_size_bytes", "/tank", 100),
  ];
  expect(needed("disk_percent")).toEqual(["node_disk_used_bytes", "node_disk_size_bytes"]);
  expect(watched("disk_percent", { mountpoint: "/tank" }, all)).toEqual([[1000, 90]]);
});

test("a counter becomes a rate in the unit of its preset", () => {
  const all = [
    {
      metric: "node_disk_read_bytes_total",
      labels: { device: "sda" },
      points: [[0, 0] as const, [1000, 3e6] as const],
    },
  ];
  expect(watched("disk_read_mb_s", { device: "sda" }, all)).toEqual([[1000, 3]]);
});

test("any other metric is drawn as it is", () => {
  const all = [{ metric: "node_load5", labels: {}, points: [[0, 2] as const] }];
  expect(needed("node_load5")).toEqual(["node_load5"]);
  expect(watched("node_load5", {}, all)).toEqual([[0, 2]]);
});

test("what is watched of a cluster is in the unit of its threshold", () => {
  const series = (metric: string, value: number) => ({
    metric,
    labels: {},
    points: [[1000, value] as const],
  });
  const all = [
    series("kube_certificate_left_seconds", 864_000),
    series("kube_cpu_requested_cores", 3),
    series("kube_cpu_allocatable_cores", 4),
  ];
  expect(watched("cluster_certificate_days", {}, all)).toEqual([[1000, 10]]);
  expect(watched("cluster_cpu_requested_percent", {}, all)).toEqual([[1000, 75]]);
});
