import { Link } from "@tanstack/react-router";
import { ListChecks } from "lucide-react";
import { useMemo } from "react";

import { type Job, runs } from "../../api/job";
import { useList } from "../../api/list";
import { useMay } from "../../api/may";
import { FilterInput } from "../../layout/FilterInput";
import { ProblemPage } from "../../layout/Problem";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { audit as auditWords } from "../../locales/audit";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { Meter } from "../../ui/Meter";
import { Status } from "../../ui/mark";
import { Segmented } from "../../ui/Segmented";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { Took } from "./Took";
import { type Scope, scopeHeaders, scopeOf } from "./types";

function Progress({ job }: { job: Job }) {
  if (!runs(job)) return <span className="text-muted">{job.error}</span>;
  return (
    <span className="row">
      {job.total > 0 && <Meter ratio={job.done / job.total} tone="accent" />}
      <span className="clip text-muted">
        {job.total > 0 ? `${t.jobs.of(job.done, job.total)} · ${job.step}` : job.step}
      </span>
    </span>
  );
}

const columns = (scope: Scope): Column<Job>[] => [
  {
    key: "state",
    head: t.jobs.state,
    phone: "state",
    cell: (job) => <Status look={job.state}>{t.jobs.states[job.state]}</Status>,
  },
  {
    key: "title",
    head: t.jobs.job,
    phone: "name",
    cell: (job) => (
      <Link to={paths.job(job.id, scope === "system" ? { scope } : {})} title={job.title}>
        {job.title}
      </Link>
    ),
  },
  {
    key: "progress",
    head: t.jobs.progress,
    phone: "sub",
    className: "max-w-80 clip",
    cell: (job) => <Progress job={job} />,
  },
  { key: "took", head: t.jobs.took, num: true, cell: (job) => <Took job={job} /> },
  {
    key: "at",
    head: t.jobs.started,
    num: true,
    phone: "end",
    cell: (job) => <Time at={job.created_at} ago className="text-muted" />,
  },
];

function Nothing({ scope }: { scope: Scope }) {
  const icon = <ListChecks className="icon" aria-hidden="true" />;
  if (scope === "system")
    return (
      <Empty icon={icon} title={t.jobs.empty}>
        {t.jobs.emptyAppliance}
      </Empty>
    );
  return (
    <Empty
      icon={icon}
      title={t.jobs.empty}
      action={
        <Link className={buttonClass()} to={paths.servers()}>
          {t.jobs.toServers}
        </Link>
      }
    >
      {t.jobs.emptyBody}
    </Empty>
  );
}

/** Every job, newest first. */
export function JobsPage() {
  const [url, setUrl] = useUrl();
  const q = url.get("q") ?? "";
  const admin = useMay("system.write");
  const scope = scopeOf(url);
  const defs = useMemo(() => columns(scope), [scope]);
  const list = useList<Job>("/api/v1/jobs", { q: q || undefined }, scopeHeaders(scope), {
    fresh: scope === "system",
  });
  return (
    <SettingsPage title={t.jobs.title} lead={t.jobs.lead}>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <div className="w-60 max-md:flex-1">
          <FilterInput label={t.jobs.filter} value={q} onChange={(text) => setUrl({ q: text })} />
        </div>
        {admin && (
          <Segmented
            label={auditWords.scope}
            value={scope}
            onChange={(next) => setUrl({ scope: next === "here" ? undefined : next })}
            options={(["here", "system"] as const).map((value) => ({
              value,
              label: auditWords.scopes[value],
            }))}
          />
        )}
      </div>
      {list.error && <ProblemPage error={list.error} title={t.jobs.loadFailed} onRetry={list.retry} />}
      {list.loading && <Skeleton label={t.ui.loading} />}
      {!list.error && !list.loading && (
        <Table
          label={t.jobs.title}
          columns={defs}
          rows={list.rows}
          id={(job) => job.id}
          onEnd={list.more}
          empty={
            q ? (
              <Empty
                title={t.jobs.none}
                action={<Button onClick={() => setUrl({ q: undefined })}>{t.jobs.clear}</Button>}
              />
            ) : (
              <Nothing scope={scope} />
            )
          }
        />
      )}
    </SettingsPage>
  );
}
