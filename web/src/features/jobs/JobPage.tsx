import { useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";

import { api } from "../../api/client";
import { type Job, runs } from "../../api/job";
import { refresh } from "../../api/list";
import { useMay } from "../../api/may";
import { Page } from "../../layout/Page";
import { ProblemPage, toastProblem } from "../../layout/Problem";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Skeleton } from "../../ui/Empty";
import { Facts, Section } from "../../ui/Facts";
import { exact } from "../../ui/format";
import { Badge } from "../../ui/mark";
import { Progress } from "../../ui/Meter";
import { toast } from "../../ui/Toast";
import { Took } from "./Took";
import { type Scope, scopeHeaders, scopeOf } from "./types";

const often = 1000;

function Log({ lines }: { lines: readonly string[] }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [lines.length]);
  if (lines.length === 0) return <p className="text-muted">{t.jobs.noLog}</p>;
  return (
    <div ref={box} className="log max-h-120" role="log" aria-label={t.jobs.log} tabIndex={0}>
      {lines.join("\n")}
    </div>
  );
}

function Cancel({ job, scope }: { job: Job; scope: Scope }) {
  const [asking, setAsking] = useState(false);
  const may = useMay("jobs.write");
  const cancel = api.useMutation("post", "/api/v1/jobs/{id}/cancel", {
    onSuccess: () => toast({ title: t.jobs.cancelled, body: job.title }),
    onError: (error) => toastProblem(t.jobs.cancelFailed, error),
    onSettled: () => {
      setAsking(false);
      return refresh("jobs", job.id);
    },
  });
  return (
    <>
      <Button disabled={!may} onClick={() => setAsking(true)}>
        {t.jobs.cancel}
      </Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => cancel.mutate({ params: { path: { id: job.id } }, headers: scopeHeaders(scope) })}
        title={t.jobs.cancelTitle(job.title)}
        lead={t.jobs.cancelLead}
        action={t.jobs.cancel}
        busy={cancel.isPending}
      />
    </>
  );
}

function Body({ job, scope }: { job: Job; scope: Scope }) {
  const open = runs(job);
  return (
    <div className="grid max-w-200 gap-6">
      <div>
        <div className="mb-2 flex flex-wrap items-center gap-3">
          <Badge look={job.state}>{t.jobs.states[job.state]}</Badge>
          <span className="min-w-0 flex-1 text-muted">{open && job.step}</span>
          {open && job.total > 0 && (
            <span className="text-sm text-muted">{t.jobs.of(job.done, job.total)}</span>
          )}
          {open && <Cancel job={job} scope={scope} />}
        </div>
        {open && <Progress done={job.done} total={job.total} label={job.title} />}
        {open && <p className="mt-2 text-sm text-faint">{t.jobs.goesOn}</p>}
      </div>
      {job.error && <Banner look="failed" title={job.error} />}
      {job.state === "interrupted" && <Banner look="interrupted" title={t.jobs.interrupted} />}
      <Facts
        facts={[
          [t.jobs.started, exact(job.created_at)],
          [t.jobs.ended, job.ended_at && exact(job.ended_at)],
          [t.jobs.took, <Took key="t" job={job} />],
        ]}
      />
      {(open || job.log.length > 0) && (
        <Section title={t.jobs.log}>
          <Log lines={job.log} />
        </Section>
      )}
    </div>
  );
}

/** One job: how far it is, what it said, and the way to stop it. */
export function JobPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const [url] = useUrl();
  const scope = scopeOf(url);
  const { data, error, isPending, refetch } = api.useQuery(
    "get",
    "/api/v1/jobs/{id}",
    { params: { path: { id } }, headers: scopeHeaders(scope) },
    // The stream is that of the tenant one is in, and says nothing of the appliance's jobs.
    { refetchInterval: ({ state }) => scope === "system" && state.data && runs(state.data) && often },
  );
  return (
    <Page
      title={data?.title ?? t.jobs.job}
      crumbs={[
        { label: t.layout.settings, to: paths.settings() },
        { label: t.jobs.title, to: paths.jobs(scope === "system" ? { scope } : {}) },
      ]}
    >
      {error && <ProblemPage error={error} title={t.jobs.loadFailed} onRetry={() => void refetch()} />}
      {isPending && <Skeleton label={t.ui.loading} />}
      {data && <Body job={data} scope={scope} />}
    </Page>
  );
}
