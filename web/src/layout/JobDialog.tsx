import { Link } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";

import { type Job, runs, useJob } from "../api/job";
import { t } from "../locales";
import { paths } from "../paths";
import { Banner } from "../ui/Banner";
import { Button, buttonClass } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Progress } from "../ui/Meter";
import { ProblemBanner } from "./Problem";

interface JobDialogProps {
  job: Job;
  title: string;
  onClose: () => void;
  /** It ended well: goes on from there, and closes. */
  onDone: () => void;
}

/** Long work as it goes on; it does so, too, when this is closed. */
export function JobDialog({ job: begun, title, onClose, onDone }: JobDialogProps) {
  const { data: job = begun, error } = useJob(begun.id);
  const done = job.state === "done";
  const goOn = useEffectEvent(onDone);
  useEffect(() => {
    if (done) goOn();
  }, [done]);
  const open = runs(job);
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      lead={open ? t.jobs.closed : undefined}
      foot={
        <>
          <Link className={buttonClass()} to={paths.job(job.id, { scope: "system" })}>
            {t.jobs.details}
          </Link>
          <Button onClick={onClose}>{t.ui.close}</Button>
        </>
      }
    >
      {open && (
        <div className="grid gap-2" aria-live="polite">
          <span className="text-muted">{job.step || t.jobs.states[job.state]}</span>
          <Progress done={job.done} total={job.total} label={title} />
        </div>
      )}
      {job.error && <Banner look="failed" title={job.error} />}
      {job.state === "interrupted" && !job.error && <Banner look="interrupted" title={t.jobs.interrupted} />}
      {error && <ProblemBanner error={error} />}
    </Dialog>
  );
}
