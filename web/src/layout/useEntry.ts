import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

import { queries } from "../api/client";
import { useMe, useMust } from "../api/may";
import { refreshMe } from "../api/session";
import { tenant } from "../api/tenant";

/** Leads to the address that is right now, when the appliance got many tenants or has one again. */
export function useTenancy(): void {
  const router = useRouter();
  const many = useMe()?.multi_tenancy;
  useEffect(() => {
    if (many !== undefined && many !== (tenant() !== "")) void router.invalidate();
  }, [many, router]);
}

/** Whether nothing opens yet but the account; looks again after everything that is done there. */
export function useHeld(): boolean {
  const router = useRouter();
  const held = useMust().length > 0;
  useEffect(() => {
    if (!held) return;
    void router.invalidate(); // the map leads to the account
    return queries.getMutationCache().subscribe(({ type, mutation }) => {
      if (type === "updated" && mutation.state.status === "success") void refreshMe();
    });
  }, [held, router]);
  return held;
}
