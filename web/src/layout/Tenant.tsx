import { lazy, Suspense } from "react";

import { useMe } from "../api/may";
import type { Me, Place } from "../api/session";

const TenantSwitcher = lazy(() => import("./TenantSwitcher").then((m) => ({ default: m.TenantSwitcher })));

/** The tenants one may go to, this one among them; none where the appliance has only one. */
export const placesOf = (me: Me | undefined): readonly Place[] =>
  me?.multi_tenancy ? (me.tenants ?? [me.tenant]) : [];

/** The tenant one is in, and the way to others. `all` leads to the page of every tenant there is. */
export function TenantPlace({ all }: { all?: string | undefined }) {
  const me = useMe();
  if (!me?.multi_tenancy) return null;
  return (
    <div className="place">
      <Suspense>
        <TenantSwitcher here={me.tenant} places={placesOf(me)} all={all} />
      </Suspense>
    </div>
  );
}
