import { Link } from "@tanstack/react-router";

import { clusterLook, type FindingOf } from "../../api/clusters";
import type { Cluster } from "../../api/types";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { none, number } from "../../ui/format";
import { Badge, type Look, looks, Mark, Status } from "../../ui/mark";
import { Reading } from "../../ui/Meter";
import type { Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { brief, latencyText, versionOf } from "../../layout/clusters";

const words = k.list;

/** Shape and word of a cluster, in a row. */
const ClusterStatus = ({ cluster }: { cluster: Cluster }) => (
  <Status look={clusterLook(cluster)}>{k.states[cluster.state]}</Status>
);

/** The same in a box, for the header of its page. */
export const ClusterBadge = ({ cluster }: { cluster: Cluster }) => (
  <Badge look={clusterLook(cluster)}>{k.states[cluster.state]}</Badge>
);

/** The columns that a reason replaces. */
export const figureColumns = ["version", "nodes", "pods", "findings", "latency"];

/** Whether there are figures to show, rather than why there are none. */
export const hasFigures = ({ state }: Cluster): boolean =>
  state === "synced" || state === "stale" || state === "syncing";

type Severities = ReadonlyMap<string, "critical" | "warning">;

/** The worst severity of each cluster. */
export function worstOf(findings: readonly FindingOf[]): Severities {
  const worst = new Map<string, "critical" | "warning">();
  for (const { cluster_id, severity } of findings)
    if (severity !== "info" && worst.get(cluster_id) !== "critical") worst.set(cluster_id, severity);
  return worst;
}

function Count({ cluster, worst }: { cluster: Cluster; worst: Severities }) {
  const n = cluster.facts.findings;
  if (n === 0) return <span className="text-faint">0</span>;
  const look: Look = looks[worst.get(cluster.id) ?? "warning"];
  return <Reading over={look}>{number(n)}</Reading>;
}

function Nodes({ cluster: { facts } }: { cluster: Cluster }) {
  if (facts.nodes === 0) return <span className="text-faint">{none}</span>;
  const missing = facts.nodes_ready < facts.nodes;
  return (
    <Reading over={missing ? looks.warning : undefined}>{words.of(facts.nodes_ready, facts.nodes)}</Reading>
  );
}

const faint = ({ state }: Cluster) => (state === "stale" ? "text-faint" : "");

const Tags = ({ tags }: { tags: readonly string[] }) => (
  <span className="row">
    {tags.slice(0, 3).map((tag) => (
      <span key={tag} className="tag">
        {tag}
      </span>
    ))}
    {tags.length > 3 && <span className="text-faint">+{tags.length - 3}</span>}
  </span>
);

/** The columns of the list of clusters. */
export function columns(worst: Severities): Column<Cluster>[] {
  return [
    { key: "state", head: words.state, phone: "state", cell: (v) => <ClusterStatus cluster={v} /> },
    {
      key: "name",
      head: words.name,
      phone: "name",
      cell: (v) => (
        <Link to={paths.cluster(v.id)} title={v.name}>
          {v.name}
        </Link>
      ),
    },
    { key: "tags", head: words.tags, from: "lg", cell: ({ tags }) => <Tags tags={tags} /> },
    {
      key: "version",
      head: words.version,
      cell: (v) => <span className={`mono text-muted ${faint(v)}`}>{versionOf(v.facts) || none}</span>,
    },
    {
      key: "nodes",
      head: words.nodes,
      num: true,
      cell: (v) => (
        <span className={faint(v)}>
          <Nodes cluster={v} />
        </span>
      ),
    },
    {
      key: "pods",
      head: words.pods,
      num: true,
      cell: (v) => <span className={faint(v)}>{number(v.facts.pods)}</span>,
    },
    { key: "findings", head: words.problems, num: true, cell: (v) => <Count cluster={v} worst={worst} /> },
    {
      key: "latency",
      head: words.latency,
      num: true,
      from: "lg",
      cell: (v) => <span className="text-muted">{latencyText(v.facts.latency_ms)}</span>,
    },
    {
      key: "sub",
      head: "",
      phone: "sub",
      onlyPhone: true,
      cell: (v) => (
        <span className="row">
          {v.facts.findings > 0 && <Mark {...looks[worst.get(v.id) ?? "warning"]} />}
          <span className="clip">{brief(v)}</span>
        </span>
      ),
    },
    {
      key: "since",
      head: words.since,
      num: true,
      phone: "end",
      cell: (v) => <Time at={v.state_since} className="text-muted" />,
    },
  ];
}
