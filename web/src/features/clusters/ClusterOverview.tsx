import "./clusters.css";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { api } from "../../api/client";
import { useHistory } from "../../api/history";
import type { Cluster, ClusterObject } from "../../api/types";
import { Findings } from "../../layout/Findings";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { k } from "../../locales/clusters";
import { Section } from "../../ui/Facts";
import { looks, Mark } from "../../ui/mark";
import { Segmented } from "../../ui/Segmented";
import { Capacity } from "./Capacity";
import { Charts } from "./Charts";
import { useCluster } from "./ClusterPage";
import { Contents } from "./Contents";
import { metrics } from "./measures";
import { Nodes } from "./Nodes";
import { nodesQuery } from "./queries";
import { State } from "./State";
import { useFresh } from "./useFresh";
import { Warnings } from "./Warnings";

const hour = 3_600_000;
const spans = { "1h": hour, "6h": 6 * hour, "24h": 24 * hour, "7d": 168 * hour } as const;
type Range = keyof typeof spans;
const ranges = Object.keys(spans) as Range[];

function Wrong({ cluster }: { cluster: Cluster }) {
  const health = api.useQuery("get", "/api/v1/clusters/{id}/health", {
    params: { path: { id: cluster.id } },
  }).data;
  if (!health) return null;
  const { findings, more } = health;
  if (findings.length === 0) {
    if (cluster.state !== "synced") return null;
    return (
      <p className="section row text-muted">
        <Mark {...looks.ok} />
        {k.findings.well}
      </p>
    );
  }
  return (
    <Section title={k.findings.title} count={findings.length + more}>
      <Findings cluster={cluster.id} findings={findings} />
    </Section>
  );
}

interface MeasuredProps {
  cluster: Cluster;
  nodes: readonly ClusterObject[];
  range: Range;
  onRange: (range: Range) => void;
  children: ReactNode;
}

function Measured({ cluster, nodes, range, onRange, children }: MeasuredProps) {
  const { series, shown, step } = useHistory({
    server: cluster.id,
    of: "clusters",
    metrics,
    span: spans[range],
    since: Date.parse(cluster.created_at),
  });
  return (
    <>
      {(cluster.synced_at || cluster.facts.nodes > 0) && (
        <Capacity cluster={cluster} nodes={nodes} series={series} />
      )}
      {children}
      {series.length > 0 && (
        <Section
          title={k.charts.title}
          end={
            <Segmented
              label={t.servers.range}
              value={range}
              onChange={onRange}
              options={ranges.map((value) => ({ value, label: t.servers.ranges[value] }))}
            />
          }
        >
          <Charts cluster={cluster.id} series={series} shown={shown} step={step} />
        </Section>
      )}
    </>
  );
}

const live = ["*"];
const none: ClusterObject[] = [];

/** How a cluster is: what is wrong first, then what it has, and the ways into it. */
export function ClusterOverview() {
  const cluster = useCluster();
  const [url, setUrl] = useUrl();
  useFresh(cluster?.id ?? "", cluster ? live : none.map(String), cluster?.state ?? "");
  const nodes =
    useQuery({ ...nodesQuery(cluster?.id ?? ""), enabled: cluster !== undefined }).data?.items ?? none;
  if (!cluster) return null;
  const range = ranges.find((each) => each === url.get("range")) ?? "1h";
  return (
    <>
      <State cluster={cluster} />
      <Measured
        key={`${cluster.id} ${range}`}
        cluster={cluster}
        nodes={nodes}
        range={range}
        onRange={(next) => setUrl({ range: next === "1h" ? undefined : next })}
      >
        <Wrong cluster={cluster} />
        <Contents cluster={cluster} />
      </Measured>
      <Nodes cluster={cluster} nodes={nodes} />
      <Warnings cluster={cluster} />
    </>
  );
}
