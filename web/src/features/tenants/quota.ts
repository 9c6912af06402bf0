import type { TenantRow, UsageKind } from "../../api/types";
import { usageKinds } from "../../layout/usage";

const gib = 1024 ** 3;

/** What stands in the form of limits: empty where there is none, storage in GiB. */
export type QuotaForm = Record<UsageKind, string>;

const shown = (kind: UsageKind, limit: number) =>
  String(kind === "storage_bytes" ? Math.round((limit / gib) * 100) / 100 : limit);

/** The limits of a tenant as a form has them. */
export function toForm({ quota }: TenantRow): QuotaForm {
  const text = (kind: UsageKind) => {
    const limit = quota[kind];
    return limit === undefined ? "" : shown(kind, limit);
  };
  return Object.fromEntries(usageKinds.map((kind) => [kind, text(kind)])) as QuotaForm;
}

/** The limits that a form says. */
export function toQuota(form: QuotaForm): TenantRow["quota"] {
  const quota: TenantRow["quota"] = {};
  for (const kind of usageKinds) {
    const text = form[kind].trim();
    if (text === "") continue;
    quota[kind] = kind === "storage_bytes" ? Math.round(Number(text) * gib) : Number(text);
  }
  return quota;
}
