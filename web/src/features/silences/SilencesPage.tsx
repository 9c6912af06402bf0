import { BellOff, Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { api, ifMatch, request } from "../../api/client";
import { refresh, useList } from "../../api/list";
import { useMay } from "../../api/may";
import type { Silence } from "../../api/types";
import { ProblemPage, toastProblem } from "../../layout/Problem";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { exact, when } from "../../ui/format";
import { Status } from "../../ui/mark";
import { Segmented } from "../../ui/Segmented";
import { type Column, Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { SilenceDialog } from "./SilenceDialog";

const words = t.silences;
const views = ["active", "all"] as const;

type State = keyof typeof words.states;

function stateOf(silence: Silence): State {
  const now = Date.now();
  if (Date.parse(silence.ends_at) <= now) return "ended";
  return Date.parse(silence.starts_at) > now ? "later" : "active";
}

const looksOf = { active: "stale", later: "pending", ended: "done" } as const;

interface Names {
  servers: ReadonlyMap<string, string>;
  thresholds: ReadonlyMap<string, string>;
}

function whatOf(silence: Silence, { servers, thresholds }: Names): string {
  const parts: string[] = [];
  if (silence.alert_id) parts.push(words.alert);
  if (silence.threshold_id) parts.push(words.threshold(thresholds.get(silence.threshold_id) ?? t.ui.noData));
  if (silence.server_id) parts.push(words.server(servers.get(silence.server_id) ?? t.thresholds.gone));
  if (silence.tag) parts.push(words.tag(silence.tag));
  if (parts.length === 0) parts.push(words.everything);
  if (silence.severity) parts.push(words.only(t.alerts.severities[silence.severity].toLowerCase()));
  return parts.join(", ");
}

async function endNow({ id, rev }: Silence): Promise<void> {
  try {
    await request.DELETE("/api/v1/silences/{id}", { params: { path: { id }, header: ifMatch(rev) } });
    toast({ title: words.done });
  } catch (error) {
    toastProblem(words.failed, error);
  }
  await Promise.all([refresh("silences"), refresh("thresholds")]);
}

function columns(names: Names): Column<Silence>[] {
  return [
    {
      key: "state",
      head: words.state,
      phone: "state",
      cell: (silence) => {
        const state = stateOf(silence);
        return <Status look={looksOf[state]}>{words.states[state]}</Status>;
      },
    },
    {
      key: "what",
      head: words.what,
      phone: "name",
      cell: (silence) => (
        <span className="font-medium" title={whatOf(silence, names)}>
          {whatOf(silence, names)}
        </span>
      ),
    },
    {
      key: "source",
      head: words.source,
      from: "lg",
      cell: (silence) => <span className="text-muted">{words.sources[silence.source]}</span>,
    },
    {
      key: "comment",
      head: words.comment,
      cell: (silence) => (
        <span className="block max-w-60 clip text-muted" title={silence.comment}>
          {silence.comment}
        </span>
      ),
    },
    {
      key: "ends",
      head: words.ends,
      phone: "sub",
      cell: (silence) => (
        <span className="text-muted" title={exact(silence.ends_at)}>
          {when(silence.ends_at, Date.now())}
        </span>
      ),
    },
    {
      key: "end",
      head: <span className="sr-only">{words.end}</span>,
      num: true,
      phone: "end",
      cell: (silence) =>
        stateOf(silence) !== "ended" && (
          <Button
            size="small"
            aria-label={words.endOf(whatOf(silence, names))}
            onClick={() => void endNow(silence)}
          >
            {words.end}
          </Button>
        ),
    },
  ];
}

/** What nobody is told about, until when, and why. */
export function SilencesPage() {
  const [url, setUrl] = useUrl();
  const may = useMay("alerts.write");
  const [adding, setAdding] = useState(false);
  const view = url.get("view") === "all" ? "all" : "active";
  const list = useList<Silence>("/api/v1/silences", { active: view === "active" ? true : undefined });
  const servers = api.useQuery("get", "/api/v1/servers", { params: { query: { limit: 200, sort: "name" } } })
    .data?.items;
  const thresholds = api.useQuery("get", "/api/v1/thresholds", { params: { query: { limit: 200 } } }).data
    ?.items;
  const defs = useMemo(
    () =>
      columns({
        servers: new Map(servers?.map(({ id, name }) => [id, name])),
        thresholds: new Map(thresholds?.map(({ id, name }) => [id, name])),
      }),
    [servers, thresholds],
  );
  const add = (
    <Button
      kind="primary"
      disabled={!may}
      icon={<Plus className="icon" aria-hidden="true" />}
      onClick={() => setAdding(true)}
    >
      {words.add}
    </Button>
  );
  return (
    <SettingsPage title={words.title} lead={words.lead} action={add}>
      <div className="mb-3">
        <Segmented
          label={words.view}
          value={view}
          onChange={(next) => setUrl({ view: next === "all" ? "all" : undefined })}
          options={views.map((value) => ({ value, label: words.views[value] }))}
        />
      </div>
      {list.error && <ProblemPage error={list.error} title={words.loadFailed} onRetry={list.retry} />}
      {list.loading && <Skeleton label={t.ui.loading} />}
      {!list.error && !list.loading && (
        <Table
          label={words.title}
          columns={defs}
          rows={list.rows}
          id={(silence) => silence.id}
          onEnd={list.more}
          empty={
            <Empty icon={<BellOff className="icon" aria-hidden="true" />} title={words.empty}>
              {words.emptyBody}
            </Empty>
          }
        />
      )}
      {adding && <SilenceDialog servers={servers ?? []} onClose={() => setAdding(false)} />}
    </SettingsPage>
  );
}
