import { useCallback } from "react";

import type { Job } from "../../api/job";
import { duration } from "../../ui/format";
import { useTicking } from "../../ui/Time";
import { took } from "./types";

/** How long a job ran; counts on while it does. */
export function Took({ job }: { job: Job }) {
  const text = useTicking(useCallback((now) => duration(took(job, now)), [job]));
  return <span className="text-muted">{text}</span>;
}
