import "./clusters.css";

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import type { Cluster, KindState } from "../../api/types";
import { FilterInput } from "../../layout/FilterInput";
import { groupOf, inGroups, manyOf } from "../../layout/kinds";
import { Loaded } from "../../layout/Loaded";
import { useUrl } from "../../layout/useUrl";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { type Look, looks, Status } from "../../ui/mark";
import { type Column, Table } from "../../ui/Table";
import { useCluster } from "./ClusterPage";
import { Count } from "./Contents";
import { kindsQuery } from "./queries";
import { useFresh } from "./useFresh";

const words = k.kinds;

const stateLooks: Record<KindState["state"], Look> = {
  synced: looks.ok,
  syncing: looks.running,
  forbidden: looks.warning,
  failed: looks.critical,
  on_demand: looks.unknown,
};

const columns = (cluster: Cluster): Column<KindState>[] => [
  {
    key: "state",
    head: words.state,
    phone: "state",
    cell: ({ state }) => <Status look={stateLooks[state]}>{words.states[state]}</Status>,
  },
  {
    key: "kind",
    head: words.kind,
    phone: "name",
    cell: (kind) => (
      <Link to={paths.objects({ kind: kind.name, clusters: cluster.id })} title={kind.name}>
        {manyOf(kind)}
      </Link>
    ),
  },
  {
    key: "group",
    head: words.group,
    cell: ({ group, version }) => (
      <span className="mono text-muted">{[group, version].filter(Boolean).join("/")}</span>
    ),
  },
  {
    key: "short",
    head: words.short,
    from: "lg",
    cell: ({ short_names }) => <span className="mono text-muted">{short_names.join(", ")}</span>,
  },
  {
    key: "scope",
    head: words.scope,
    from: "lg",
    cell: ({ namespaced }) => (
      <span className="text-muted">{namespaced ? words.namespaced : words.whole}</span>
    ),
  },
  {
    key: "why",
    head: "",
    phone: "sub",
    cell: ({ reason }) => (
      <span className="clip block max-w-100 text-muted" title={reason}>
        {reason}
      </span>
    ),
  },
  { key: "count", head: words.count, num: true, phone: "end", cell: (kind) => <Count kind={kind} /> },
];

const fits = (kind: KindState, q: string) =>
  [kind.name, kind.kind, ...kind.short_names].some((text) => text.toLowerCase().includes(q.toLowerCase()));

const live = ["*"];

/** Everything that a cluster serves, how much of it there is, and what is not seen and why. */
export function ClusterKinds() {
  const cluster = useCluster();
  const [url, setUrl] = useUrl();
  const q = url.get("q") ?? "";
  const id = cluster?.id ?? "";
  const { data, error, isPending, refetch } = useQuery({ ...kindsQuery(id), enabled: id !== "" });
  useFresh(id, id ? live : [], cluster?.state ?? "");
  const rows = useMemo(() => inGroups(data?.items ?? []).filter((kind) => fits(kind, q)), [data, q]);
  if (!cluster) return null;
  const unseen = rows.filter(({ state }) => state === "forbidden" || state === "failed").length;
  return (
    <Loaded of={{ error, loading: isPending, retry: () => void refetch() }} failed={words.failed}>
      <div className="head mb-2">
        <FilterInput label={words.filter} value={q} onChange={(text) => setUrl({ q: text })} />
        {unseen > 0 && <Status look="warning">{words.unseen(unseen)}</Status>}
      </div>
      <Table
        dense
        label={words.title}
        columns={columns(cluster)}
        rows={rows}
        id={({ name }) => name}
        group={(kind) => ({ key: groupOf(kind), head: k.groups[groupOf(kind)] })}
        empty={
          <Empty
            title={q ? words.none : words.notYet}
            action={q && <Button onClick={() => setUrl({ q: undefined })}>{k.list.clear}</Button>}
          />
        }
      />
    </Loaded>
  );
}
