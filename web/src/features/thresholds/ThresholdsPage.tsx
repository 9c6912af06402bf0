import { Ellipsis, Gauge, Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { api, ifMatch, request } from "../../api/client";
import { refresh, useList } from "../../api/list";
import { useMay } from "../../api/may";
import type { Metric, Threshold } from "../../api/types";
import { FilterInput } from "../../layout/FilterInput";
import { Loaded } from "../../layout/Loaded";
import { toastProblem } from "../../layout/Problem";
import { SettingsPage } from "../../layout/SettingsPage";
import { minutesOf, spans } from "../../layout/SpanSelect";
import { ruleText } from "../../layout/threshold";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { Button, IconButton } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { when } from "../../ui/format";
import { Status } from "../../ui/mark";
import { Menu, MenuItem, MenuLabel, MenuLine } from "../../ui/Menu";
import { type Column, Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { ThresholdDialog } from "./ThresholdDialog";

const words = t.thresholds;
const noMetrics: readonly Metric[] = [];

async function act(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    toastProblem(words.failed, error);
  }
  await Promise.all([refresh("thresholds"), refresh("silences")]);
}

const mute = (id: string, minutes: number) =>
  request.POST("/api/v1/thresholds/{id}/mute", { params: { path: { id } }, body: { minutes } });
const unmute = (id: string) => request.POST("/api/v1/thresholds/{id}/unmute", { params: { path: { id } } });
const enable = ({ id, rev, enabled }: Threshold) =>
  request.PATCH("/api/v1/thresholds/{id}", {
    params: { path: { id }, header: ifMatch(rev) },
    body: { enabled: !enabled },
  });

const isMuted = ({ muted_until }: Threshold) => muted_until !== null && Date.parse(muted_until) > Date.now();

function State({ threshold }: { threshold: Threshold }) {
  if (!threshold.enabled) return <Status look="cancelled">{words.off}</Status>;
  if (isMuted(threshold) && threshold.muted_until) {
    const until = words.mutedUntil(when(threshold.muted_until, Date.now()));
    return (
      <Status look="stale" title={until}>
        {words.muted}
      </Status>
    );
  }
  return <Status look="ok">{words.on}</Status>;
}

interface ActionsProps {
  threshold: Threshold;
  onEdit: (threshold: Threshold) => void;
  onRemove: (threshold: Threshold) => void;
}

function Actions({ threshold, onEdit, onRemove }: ActionsProps) {
  return (
    <Menu
      trigger={
        <IconButton size="small" label={words.more(threshold.name)}>
          <Ellipsis className="icon" />
        </IconButton>
      }
    >
      <MenuItem onSelect={() => onEdit(threshold)}>{words.edit}</MenuItem>
      <MenuItem onSelect={() => void act(enable(threshold))}>
        {threshold.enabled ? words.turnOff : words.turnOn}
      </MenuItem>
      <MenuLine />
      <MenuLabel>{words.mute}</MenuLabel>
      {isMuted(threshold) ? (
        <MenuItem onSelect={() => void act(unmute(threshold.id))}>{words.unmute}</MenuItem>
      ) : (
        spans.map((span) => (
          <MenuItem key={span} onSelect={() => void act(mute(threshold.id, minutesOf(span)))}>
            {t.alerts.spans[span]}
          </MenuItem>
        ))
      )}
      {!threshold.builtin && (
        <>
          <MenuLine />
          <MenuItem danger onSelect={() => onRemove(threshold)}>
            {words.remove}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

function Scope({ threshold, names }: { threshold: Threshold; names: ReadonlyMap<string, string> }) {
  if (threshold.builtin === "unwell") return t.alerts.appliance;
  if (threshold.server_id) return names.get(threshold.server_id) ?? words.gone;
  if (threshold.tag) return words.tagged(threshold.tag);
  return /^(kube|cluster)_/.test(threshold.metric) ? words.everyCluster : words.everyServer;
}

interface Doing {
  metrics: readonly Metric[];
  names: ReadonlyMap<string, string>;
  onEdit: (threshold: Threshold) => void;
  onRemove: (threshold: Threshold) => void;
}

function columns({ metrics, names, onEdit, onRemove }: Doing): Column<Threshold>[] {
  return [
    {
      key: "severity",
      head: words.severity,
      phone: "state",
      cell: (v) => <Status look={v.severity}>{t.alerts.severities[v.severity]}</Status>,
    },
    {
      key: "name",
      head: words.name,
      phone: "name",
      cell: (v) => (
        <button type="button" className="hover:underline" title={v.name} onClick={() => onEdit(v)}>
          {v.name}
        </button>
      ),
    },
    {
      key: "builtin",
      head: "",
      from: "lg",
      cell: (v) => v.builtin && <span className="tag">{words.builtin}</span>,
    },
    {
      key: "rule",
      head: words.rule,
      phone: "sub",
      cell: (v) => <span className="text-muted">{ruleText(v, metrics)}</span>,
    },
    {
      key: "scope",
      head: words.scope,
      from: "lg",
      cell: (v) => (
        <span className="block max-w-40 clip text-muted">
          <Scope threshold={v} names={names} />
        </span>
      ),
    },
    { key: "state", head: words.state, cell: (v) => <State threshold={v} /> },
    {
      key: "more",
      head: <span className="sr-only">{words.actions}</span>,
      num: true,
      phone: "end",
      cell: (v) => <Actions threshold={v} onEdit={onEdit} onRemove={onRemove} />,
    },
  ];
}

function Remove({ threshold, onClose }: { threshold: Threshold; onClose: () => void }) {
  const remove = api.useMutation("delete", "/api/v1/thresholds/{id}", {
    onSuccess: () => toast({ title: words.removed(threshold.name) }),
    onError: (error) => toastProblem(words.failed, error),
    onSettled: () => {
      onClose();
      return refresh("thresholds");
    },
  });
  const { id, rev, name } = threshold;
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => remove.mutate({ params: { path: { id }, header: ifMatch(rev) } })}
      title={words.removeTitle(name)}
      lead={words.removeLead}
      action={words.removeAction(name)}
      busy={remove.isPending}
    />
  );
}

function useDefs(metrics: readonly Metric[], onEdit: Doing["onEdit"], onRemove: Doing["onRemove"]) {
  const servers = api.useQuery("get", "/api/v1/servers", { params: { query: { limit: 200, sort: "name" } } })
    .data?.items;
  return useMemo(
    () => columns({ metrics, names: new Map(servers?.map(({ id, name }) => [id, name])), onEdit, onRemove }),
    [metrics, servers, onEdit, onRemove],
  );
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered)
    return <Empty title={words.none} action={<Button onClick={onClear}>{words.clearFilter}</Button>} />;
  return (
    <Empty icon={<Gauge className="icon" aria-hidden="true" />} title={words.empty} hint={words.emptyHint}>
      {words.emptyBody}
    </Empty>
  );
}

/** When a value is worth an alert. */
export function ThresholdsPage() {
  const [url, setUrl] = useUrl();
  const may = useMay("alerts.write");
  const [editing, setEditing] = useState<Threshold | "new">();
  const [removing, setRemoving] = useState<Threshold>();
  const q = url.get("q") ?? "";
  const list = useList<Threshold>("/api/v1/thresholds", { q: q || undefined });
  const metrics = api.useQuery("get", "/api/v1/thresholds/metrics").data?.items ?? noMetrics;
  const defs = useDefs(metrics, setEditing, setRemoving);
  const add = (
    <Button
      kind="primary"
      disabled={!may}
      icon={<Plus className="icon" aria-hidden="true" />}
      onClick={() => setEditing("new")}
    >
      {words.add}
    </Button>
  );
  return (
    <SettingsPage title={words.title} lead={words.lead} action={add}>
      <div className="mb-3 w-60 max-md:w-full">
        <FilterInput label={words.filter} value={q} onChange={(text) => setUrl({ q: text })} />
      </div>
      <Loaded of={list} failed={words.loadFailed}>
        <Table
          label={words.title}
          columns={defs}
          rows={list.rows}
          id={(v) => v.id}
          onEnd={list.more}
          empty={<Nothing filtered={q !== ""} onClear={() => setUrl({ q: undefined })} />}
        />
      </Loaded>
      {editing && (
        <ThresholdDialog
          threshold={editing === "new" ? undefined : editing}
          metrics={metrics}
          onClose={() => setEditing(undefined)}
        />
      )}
      {removing && <Remove threshold={removing} onClose={() => setRemoving(undefined)} />}
    </SettingsPage>
  );
}
