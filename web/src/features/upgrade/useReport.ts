import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { api } from "../../api/client";
import type { Job } from "../../api/job";
import { underWay } from "./attempt";

const often = 1000;

/** What was begun here: the job, and the upgrade that was the last one until then. */
interface Begun {
  job: Job;
  before: string | undefined;
  /** Its dialog is open. */
  shown: boolean;
}

/**
 * What is known of versions and upgrades. While one is under way, those that answer come and
 * go, so they are asked for it rather than told; when it has ended, the page is loaded again,
 * because another version may have other pages.
 */
export function useReport() {
  const [begun, setBegun] = useState<Begun>();
  const query = useQuery({
    ...api.queryOptions("get", "/api/v1/system/upgrade"),
    refetchOnMount: "always",
    refetchOnWindowFocus: "always",
    refetchInterval: ({ state }) => (begun !== undefined || underWay(state.data?.last)) && often,
  });
  const last = query.data?.last;
  const runs = underWay(last);
  const another = begun !== undefined && last !== undefined && last.id !== begun.before;
  const ran = useRef(false);
  useEffect(() => {
    if (runs) ran.current = true;
    else if (ran.current || another) location.reload();
  }, [runs, another]);
  return {
    ...query,
    /** The job that prepares it, until the other version is started. */
    job: begun?.shown && !another ? begun.job : undefined,
    begin: (job: Job) => setBegun({ job, before: last?.id, shown: true }),
    hide: () => setBegun((now) => now && { ...now, shown: false }),
  };
}
