import type { TenantRow, Usage, UsageKind } from "../../api/coming";
import { usageKinds } from "../../layout/usage";
import { looks } from "../../ui/mark";

/** How a status looks. */
export const statusLooks = {
  active: looks.ok,
  suspended: looks.stale,
  deleting: looks.running,
} as const;

/** How much of a kind a tenant has; undefined where it is not counted. */
export const usageOf = (tenant: TenantRow, kind: UsageKind): Usage | undefined =>
  tenant.usage?.find((each) => each.kind === kind);

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
