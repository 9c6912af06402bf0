import { expect, test } from "vitest";

import type { History } from "../../api/history";
import { fullness, mounts, share, sum, traffic } from "./measures";
import { rangeSearch, sectionSearch } from "./search";

const series = (metric: string, labels: Record<string, string>, ...values: number[]): History => ({
  metric,
  labels,
  points: values.map((value, i) => [i * 1000, value] as const),
});

test("bridges and containers do not count the same bytes again", () => {
  const all = ["eno1", "docker0", "lo", "veth1"].map((name) => series("rx", { interface: name }, 0, 1000));
  expect(traffic(all, "rx")).toEqual([[1000, 1000]]);
  expect(traffic(all.slice(1), "rx")).toEqual([[1000, 2000]]);
});

test("parts of a whole, time by time", () => {
  expect(
    share(
      [
        [0, 1],
        [1, 2],
      ],
      [
        [0, 4],
        [2, 4],
      ],
    ),
  ).toEqual([[0, 0.25]]);
  expect(
    sum([
      [
        [0, 1],
        [1, 2],
      ],
      [[1, 3]],
    ]),
  ).toEqual([
    [0, 1],
    [1, 5],
  ]);
});

test("the fullest file system comes first", () => {
  const all = [
    series("node_disk_used_bytes", { mountpoint: "/" }, 10),
    series("node_disk_size_bytes", { mountpoint: "/" }, 100),
    series("node_disk_used_bytes", { mountpoint: "/tank" }, 88),
    series("node_disk_size_bytes", { mountpoint: "/tank" }, 100),
  ];
  expect(fullness(all).map(({ label }) => label)).toEqual(["/tank", "/"]);
  expect(mounts(all)).toEqual([
    { mount: "/", used: 10, size: 100 },
    { mount: "/tank", used: 88, size: 100 },
  ]);
});

test("addresses say only what they may", () => {
  expect(rangeSearch({ range: "6h", from: "5", to: "9" })).toEqual({ range: "6h", from: 5, to: 9 });
  expect(rangeSearch({ range: "1h", from: 9, to: 5 })).toEqual({});
  expect(rangeSearch({ range: "99h" })).toEqual({});
  expect(sectionSearch({ section: "units" })).toEqual({ section: "units" });
  expect(sectionSearch({ section: "hardware" })).toEqual({});
});
