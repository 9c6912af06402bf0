import { Link } from "@tanstack/react-router";

import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { bytes } from "../../ui/format";
import { Time } from "../../ui/Time";
import type { WideColumn } from "../../ui/VirtualTable";
import { ObjectStanding } from "./look";
import type { Listed } from "./types";

const server = () => 0; // the server sorts

/** What of a kind has pods or parts that are ready. */
const withReady = new Set([
  "pods",
  "deployments.apps",
  "statefulsets.apps",
  "daemonsets.apps",
  "replicasets.apps",
  "replicationcontrollers",
  "jobs.batch",
]);

const withUsage = new Set(["pods", "nodes"]);

/** 250m or 1.5, as people write cores. */
export const cores = (milli: number): string => (milli < 1000 ? `${milli}m` : String(milli / 1000));

/** What the columns of a list depend on. */
export interface Shown {
  kind: string;
  namespaced: boolean;
  /** The names of clusters by id, if there are several. */
  clusters: ReadonlyMap<string, string> | undefined;
  /** What the cells are. */
  cells: readonly string[];
  onLabel: (part: string) => void;
}

function Name({ object }: { object: Listed }) {
  const { cluster_id, kind, namespace = "", name } = object;
  return (
    <Link
      to={paths.object({ cluster: cluster_id, kind, namespace, name })}
      title={name}
      tabIndex={-1}
      preload={false}
      className="clip"
    >
      {name}
    </Link>
  );
}

function Labels({ object, onLabel }: { object: Listed; onLabel: (part: string) => void }) {
  const all = Object.entries(object.labels ?? {}).filter(([key]) => !/hash|revision/.test(key));
  return (
    <span className="row min-w-0 gap-1 overflow-hidden">
      {all.slice(0, 2).map(([key, value]) => {
        const part = `${key}=${value}`;
        return (
          <button
            key={key}
            type="button"
            tabIndex={-1}
            className="tag object-label"
            title={o.list.filterBy(part)}
            onClick={() => onLabel(part)}
          >
            {part}
          </button>
        );
      })}
    </span>
  );
}

const plain = (key: string, head: string, cell: (object: Listed) => string | undefined) =>
  ({
    key,
    head,
    cell: (object) => {
      const text = cell(object);
      return (
        <span className="clip text-muted" title={text}>
          {text}
        </span>
      );
    },
  }) satisfies WideColumn<Listed>;

const figure = (key: string, head: string, width: string, cell: (object: Listed) => string) =>
  ({ key, head, num: true, width, cell }) satisfies WideColumn<Listed>;

const age: WideColumn<Listed> = {
  key: "age",
  head: o.columns.age,
  num: true,
  width: "4.5rem",
  phone: "end",
  sort: server,
  cell: ({ created_at }) => <Time at={created_at} />,
};

const state: WideColumn<Listed> = {
  key: "status",
  head: o.columns.status,
  phone: "state",
  width: "minmax(9.5rem, 2.4fr)",
  sort: server,
  cell: (object) => <ObjectStanding object={object} />,
};

function sub({ namespaced, clusters }: Shown): WideColumn<Listed> {
  return {
    key: "sub",
    head: "",
    phone: "sub",
    onlyPhone: true,
    cell: ({ cluster_id, namespace, node, reason }) =>
      [clusters?.get(cluster_id), namespaced && namespace, reason || node].filter(Boolean).join(" · "),
  };
}

function* cellColumns(cells: readonly string[]): Generator<WideColumn<Listed>> {
  for (const [i, cell] of cells.entries()) {
    const head = o.cells[cell as keyof typeof o.cells] ?? cell;
    const column = plain(`cell-${cell}`, head, ({ cells: all }) => all?.[i] || undefined);
    yield {
      ...column,
      ...(cell === "message" && { width: "minmax(10rem, 5fr)" }),
      ...(cell === "ip" ? { from: "xl" } : i > 1 && { from: "lg" }),
    };
  }
}

/** The columns of the list of a kind. */
export function columnsOf(shown: Shown): WideColumn<Listed>[] {
  const { kind, namespaced, clusters, cells, onLabel } = shown;
  const c = o.columns;
  const events = kind === "events";
  const name: WideColumn<Listed> = {
    key: "name",
    head: c.name,
    phone: "name",
    width: events ? "minmax(7rem, 1fr)" : "minmax(10rem, 3fr)",
    sort: server,
    cell: (object) => <Name object={object} />,
  };
  const ready = figure("ready", c.ready, "3.5rem", (one) => `${one.ready}/${one.want}`);
  const restarts = figure("restarts", c.restarts, "4.5rem", (one) =>
    one.restarts ? String(one.restarts) : "0",
  );
  const cpu = figure("cpu", c.cpu, "4rem", ({ cpu_milli: n }) => (n === undefined ? "–" : cores(n)));
  const memory = figure("memory", c.memory, "5.5rem", ({ memory_bytes: n }) => bytes(n));
  const columns: (WideColumn<Listed> | false)[] = [
    name,
    namespaced && { ...plain("namespace", c.namespace, (one) => one.namespace), width: "minmax(5rem, 1fr)" },
    clusters !== undefined && plain("cluster", c.cluster, (one) => clusters.get(one.cluster_id)),
    sub(shown),
    state,
    withReady.has(kind) && ready,
    kind === "pods" && { ...restarts, sort: server },
    kind === "pods" && {
      ...plain("node", c.node, (one) => one.node),
      from: "lg",
      width: "minmax(5.5rem, 1.2fr)",
      sort: server,
    },
    withUsage.has(kind) && { ...cpu, from: "lg", sort: server },
    withUsage.has(kind) && { ...memory, from: "lg", sort: server },
    ...cellColumns(cells),
    !events && {
      key: "labels",
      head: c.labels,
      from: "xl",
      width: "minmax(8rem, 2fr)",
      cell: (object) => <Labels object={object} onLabel={onLabel} />,
    },
    age,
  ];
  return columns.filter((column) => column !== false);
}
