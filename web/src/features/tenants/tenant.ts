import type { TenantRow, Usage, UsageKind } from "../../api/types";
import { usageKinds } from "../../layout/usage";
import { looks } from "../../ui/mark";

/** How a status looks. */
export const statusLooks = {
  active: looks.ok,
  suspended: looks.stale,
  deleting: looks.running,
} as const;

const counted = (kind: UsageKind): kind is keyof TenantRow["usage"] => kind !== "api_calls_hour";

/** How much of a kind a tenant has and may have; nothing of what is only limited. */
export function usageOf({ usage, quota }: TenantRow, kind: UsageKind): Usage | undefined {
  if (!counted(kind)) return undefined;
  return { kind, used: usage[kind], limit: quota[kind] ?? null, dropped: 0 };
}

/** Everything that is counted of a tenant, in its order. */
export const usagesOf = (tenant: TenantRow): Usage[] =>
  usageKinds.flatMap((kind) => usageOf(tenant, kind) ?? []);

/** Whether it belongs to the appliance: it is neither suspended nor deleted. */
export const isReserved = ({ id }: TenantRow): boolean => id === "default" || id === "system";

/** Whether a tenant is what somebody looks for. */
export function fits({ id, name, plan }: TenantRow, q: string): boolean {
  const low = q.trim().toLowerCase();
  return [id, name, plan].some((text) => text.toLowerCase().includes(low));
}
