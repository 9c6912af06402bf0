import type { ReactNode } from "react";

import type { History } from "../../api/history";
import type { Cluster, ClusterObject } from "../../api/types";
import { k } from "../../locales/clusters";
import { latencyText } from "../../layout/clusters";
import { bytes, type Figure, none, number, percent, percentFigure } from "../../ui/format";
import { Meter } from "../../ui/Meter";
import type { Point } from "../../ui/series";
import { Sparkline } from "../../ui/Sparkline";
import { capacityOf } from "./capacity";
import { newest, plain, sum } from "./measures";

const words = k.capacity;

interface BoxProps {
  title: string;
  figure: Figure;
  /** Of what, in a line. */
  sub?: ReactNode;
  /** A second line with a meter. */
  also?: { text: string; ratio: number } | undefined;
  ratio?: number | undefined;
  points?: readonly Point[] | undefined;
}

function Box({ title, figure, sub, also, ratio, points }: BoxProps) {
  return (
    <div className="figure">
      <span className="clip block text-sm text-muted">{title}</span>
      <span className="value block">
        {figure.value}
        <small>{figure.unit}</small>
      </span>
      <span className="clip block text-sm text-muted">{sub}</span>
      {ratio !== undefined && <Meter wide ratio={ratio} />}
      {also && (
        <>
          <span className="clip mt-2 block text-sm text-faint">{also.text}</span>
          <Meter wide ratio={also.ratio} />
        </>
      )}
      {points && points.length > 1 && <Sparkline lead points={points} />}
    </div>
  );
}

interface ShareProps {
  title: string;
  used: number | undefined;
  requested: number | undefined;
  whole: number;
  format: (value: number) => string;
}

/** What is used of a whole; where nobody measures, what is requested of it. */
function Share({ title, used, requested, whole, format }: ShareProps) {
  const of = (value: number) => (whole > 0 ? value / whole : 0);
  const main = used ?? requested;
  if (whole === 0 || main === undefined)
    return <Box title={title} figure={split(whole > 0 ? format(whole) : none)} sub={words.unknown} />;
  const also = used !== undefined && requested !== undefined;
  return (
    <Box
      title={used === undefined ? words.requestedOf(title) : title}
      figure={percentFigure(of(main))}
      sub={words.of(format(main), format(whole))}
      ratio={of(main)}
      also={
        also
          ? {
              text: words.requested(percent(of(requested)), format(requested)),
              ratio: of(requested),
            }
          : undefined
      }
    />
  );
}

function Pods({ all, count }: { all: readonly History[]; count: number }) {
  const n = (status: string) => newest(plain(all, "kube_pods", status)) ?? 0;
  const bad = n("critical") + n("warning");
  const parts = [bad > 0 && words.failing(bad), n("progress") > 0 && words.starting(n("progress"))];
  return (
    <Box
      title={words.pods}
      figure={{ value: number(count), unit: "" }}
      sub={parts.filter(Boolean).join(" · ") || (all.length > 0 && count > 0 ? words.allWell : "")}
      points={sum(all, "kube_pods")}
    />
  );
}

interface CapacityProps {
  cluster: Cluster;
  nodes: readonly ClusterObject[];
  series: readonly History[];
}

/** What the cluster has to give, and how much of it is taken. */
export function Capacity({ cluster, nodes, series }: CapacityProps) {
  const { cpu, memory } = capacityOf(nodes);
  const { facts } = cluster;
  const latency = plain(series, "kube_api_latency_seconds");
  return (
    <section className="section" aria-label={words.title}>
      <div className="box cluster-strip">
        <Share
          title={words.cpu}
          used={cpu.used}
          requested={newest(plain(series, "kube_cpu_requested_cores"))}
          whole={cpu.whole}
          format={words.cores}
        />
        <Share
          title={words.memory}
          used={memory.used}
          requested={newest(plain(series, "kube_memory_requested_bytes"))}
          whole={memory.whole}
          format={bytes}
        />
        <Pods all={series} count={facts.pods} />
        <Box
          title={words.nodes}
          figure={{ value: number(facts.nodes_ready), unit: words.ofNodes(facts.nodes) }}
          sub={
            facts.nodes_ready < facts.nodes
              ? words.notReady(facts.nodes - facts.nodes_ready)
              : facts.nodes > 0 && words.allReady
          }
        />
        <Box
          title={words.latency}
          figure={split(latencyText(facts.latency_ms))}
          sub={words.latencyOf}
          points={latency}
        />
      </div>
    </section>
  );
}

const split = (text: string): Figure => {
  const at = text.lastIndexOf("\u00a0");
  return at < 0 ? { value: text, unit: "" } : { value: text.slice(0, at), unit: text.slice(at + 1) };
};
