import { expect, test } from "vitest";

import type { TenantRow, Usage } from "../../api/coming";
import { toForm, toQuota } from "./quota";

const tenant = (usage: Usage[]): TenantRow => ({
  id: "acme",
  rev: 1,
  name: "Acme",
  plan: "",
  status: "active",
  created_at: "2026-11-24T00:00:00Z",
  alerts: { info: 0, warning: 0, critical: 0 },
  usage,
});

test("a limit of nothing stays one, and no limit is empty", () => {
  const form = toForm(
    tenant([
      { kind: "servers", used: 3, limit: 0 },
      { kind: "users", used: 3, limit: null },
    ]),
  );
  expect(form).toEqual({ servers: "0", users: "", series: "", storage_bytes: "", api_calls_hour: "" });
  expect(toQuota(form)).toEqual({ servers: 0 });
});

test("storage is written in GiB", () => {
  const form = toForm(tenant([{ kind: "storage_bytes", used: 0, limit: 1.5 * 1024 ** 3 }]));
  expect(form.storage_bytes).toBe("1.5");
  expect(toQuota(form)).toEqual({ storage_bytes: 1.5 * 1024 ** 3 });
});
