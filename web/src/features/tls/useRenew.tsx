import { type ReactNode, useState } from "react";

import { api } from "../../api/client";
import type { Job } from "../../api/job";
import { refresh } from "../../api/list";
import { JobDialog } from "../../layout/JobDialog";
import { toastProblem } from "../../layout/Problem";
import { c } from "../../locales/tls";
import { toast } from "../../ui/Toast";

/** Asks for a newer certificate of a name, and shows the job that does. */
export function useRenew(): { renew: (name: string) => void; dialog: ReactNode } {
  const [job, setJob] = useState<{ of: string; job: Job }>();
  const start = api.useMutation("post", "/api/v1/tls/renew", {
    onSuccess: (begun, { body }) => setJob({ of: body.name, job: begun }),
    onError: (error) => toastProblem(c.renewal.failed, error),
  });
  const close = () => {
    setJob(undefined);
    void refresh("tls");
  };
  return {
    renew: (name) => start.mutate({ body: { name } }),
    dialog: job && (
      <JobDialog
        job={job.job}
        title={c.renewal.title(job.of)}
        onClose={close}
        onDone={() => {
          toast({ look: "done", title: c.renewal.done(job.of) });
          close();
        }}
      />
    ),
  };
}
