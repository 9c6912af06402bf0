import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Cluster, ClusterObject } from "../../api/types";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { Section } from "../../ui/Facts";
import { none, number, percent } from "../../ui/format";
import { type Look, looks, Status } from "../../ui/mark";
import { Reading } from "../../ui/Meter";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { ratioOf, shareOf } from "./capacity";
import { podsOnQuery } from "./queries";

const words = k.nodes;
const most = 12;

const statusLooks: Record<ClusterObject["status"], Look> = {
  critical: looks.critical,
  warning: looks.warning,
  progress: looks.running,
  ok: looks.ok,
  none: looks.unknown,
};

function Pods({ cluster, node }: { cluster: string; node: string }) {
  const { data } = useQuery(podsOnQuery(cluster, node));
  return <span className="text-muted">{data ? number(data.total) : none}</span>;
}

function Ratio({ node, of }: { node: ClusterObject; of: "cpu" | "memory" }) {
  const ratio = ratioOf(shareOf(node)[of]);
  if (ratio === undefined) return <span className="text-faint">{none}</span>;
  const over = ratio >= 0.95 ? looks.critical : ratio >= 0.85 ? looks.warning : undefined;
  return (
    <Reading ratio={ratio} over={over}>
      {percent(ratio)}
    </Reading>
  );
}

function columns(cluster: Cluster): Column<ClusterObject>[] {
  return [
    {
      key: "state",
      head: words.state,
      phone: "state",
      cell: (node) => (
        <Status look={statusLooks[node.status]} title={node.reason}>
          {node.phase || none}
        </Status>
      ),
    },
    {
      key: "name",
      head: words.name,
      phone: "name",
      cell: ({ name }) => (
        <Link to={paths.object({ cluster: cluster.id, kind: "nodes", namespace: "", name })} title={name}>
          {name}
        </Link>
      ),
    },
    {
      key: "roles",
      head: words.roles,
      from: "lg",
      cell: ({ cells }) => <span className="text-muted">{cells?.[0] || none}</span>,
    },
    {
      key: "version",
      head: words.version,
      cell: ({ cells }) => <span className="mono text-muted">{cells?.[1]}</span>,
    },
    { key: "cpu", head: words.cpu, num: true, cell: (node) => <Ratio node={node} of="cpu" /> },
    { key: "memory", head: words.memory, num: true, cell: (node) => <Ratio node={node} of="memory" /> },
    {
      key: "pods",
      head: words.pods,
      num: true,
      cell: ({ name }) => <Pods cluster={cluster.id} node={name} />,
    },
    {
      key: "sub",
      head: "",
      phone: "sub",
      onlyPhone: true,
      cell: (node) => {
        const { cpu, memory } = shareOf(node);
        return words.brief(percent(ratioOf(cpu)), percent(ratioOf(memory)));
      },
    },
    {
      key: "age",
      head: words.age,
      num: true,
      phone: "end",
      cell: ({ created_at }) => <Time at={created_at} className="text-muted" />,
    },
  ];
}

/** The nodes, the worst first. */
export function Nodes({ cluster, nodes }: { cluster: Cluster; nodes: readonly ClusterObject[] }) {
  if (nodes.length === 0) return null;
  const all = (
    <Link className="link text-sm" to={paths.objects({ kind: "nodes", clusters: cluster.id })}>
      {words.all}
    </Link>
  );
  return (
    <Section title={words.title} count={nodes.length} end={all}>
      <Table
        label={words.title}
        columns={columns(cluster)}
        rows={nodes.slice(0, most)}
        id={({ name }) => name}
      />
    </Section>
  );
}
