import { expect, test } from "vitest";

import type { TenantRow } from "../../api/types";
import { toForm, toQuota } from "./quota";

const tenant = (quota: TenantRow["quota"]): TenantRow => ({
  id: "acme",
  rev: 1,
  name: "Acme",
  plan: "",
  status: "active",
  created_at: "2026-11-24T00:00:00Z",
  alerts: { info: 0, warning: 0, critical: 0 },
  usage: { servers: 3, clusters: 0, users: 3, series: 0, storage_bytes: 0 },
  quota,
});

test("a limit of nothing stays one, and no limit is empty", () => {
  const form = toForm(tenant({ servers: 0 }));
  expect(form).toEqual({
    servers: "0",
    clusters: "",
    users: "",
    series: "",
    storage_bytes: "",
    api_calls_hour: "",
  });
  expect(toQuota(form)).toEqual({ servers: 0 });
});

test("storage is written in GiB", () => {
  const form = toForm(tenant({ storage_bytes: 1.5 * 1024 ** 3 }));
  expect(form.storage_bytes).toBe("1.5");
  expect(toQuota(form)).toEqual({ storage_bytes: 1.5 * 1024 ** 3 });
});
