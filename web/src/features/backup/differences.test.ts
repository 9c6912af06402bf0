import { expect, test } from "vitest";

import type { Difference } from "./types";
import { grouped } from "./differences";

const rows = (n: number, ...examples: string[]) => ({ n, examples });
const diff = (table: string, tenant: string, appear = 0, vanish = 0, change = 0): Difference => ({
  table,
  tenant,
  appear: rows(appear, ...(appear ? [`${tenant} ${table}`] : [])),
  vanish: rows(vanish),
  change: rows(change),
});

const all = [
  diff("audit", "acme", 0, 4),
  diff("audit", "system", 0, 2),
  diff("sessions", "", 0, 1),
  diff("users", "", 1),
  diff("channels", "acme", 0, 1),
  diff("servers", "acme", 2, 0, 1),
  diff("servers", "zoo", 1),
  diff("thresholds", "system", 0, 0, 1),
];

test("by tenant, the appliance itself last, servers before channels", () => {
  const { telling } = grouped(all, true);
  expect(telling.map(({ tenant, rows: of }) => [tenant, of.map(({ table }) => table)])).toEqual([
    ["acme", ["servers", "channels"]],
    ["zoo", ["servers"]],
    ["", ["users", "thresholds"]],
  ]);
});

test("a household has no tenants: one line a table", () => {
  const { telling } = grouped(all, false);
  expect(telling).toHaveLength(1);
  const servers = telling[0]!.rows.find(({ table }) => table === "servers")!;
  expect(servers.appear).toEqual({ n: 3, examples: ["acme servers", "zoo servers"] });
  expect(servers.change.n).toBe(1);
});

test("what always differs stands apart, one line a table", () => {
  const { always } = grouped(all, true);
  expect(always.map(({ table, vanish }) => [table, vanish.n])).toEqual([
    ["audit", 6],
    ["sessions", 1],
  ]);
});

test("nothing differs", () => expect(grouped([], true)).toEqual({ telling: [], always: [] }));
