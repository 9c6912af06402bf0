import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import { Loaded } from "../../layout/Loaded";
import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Empty } from "../../ui/Empty";
import { Graph, type GraphNode } from "../../ui/Graph";
import { looks } from "../../ui/mark";
import { plainName } from "./kinds";
import { lookOf } from "./look";
import { relatedQuery } from "./object";
import type { PartProps } from "./ObjectPage";
import type { Graph as Related, Ref } from "./types";

interface Thing extends GraphNode {
  to: Ref;
}

function drawn({ nodes, edges }: Related) {
  const id = (n: number) => String(n);
  return {
    nodes: nodes.map(({ ref, status, phase }, n): Thing => ({
      id: id(n),
      title: ref.name,
      kind: plainName(ref.kind),
      look: phase === "Missing" ? looks.failed : lookOf(status),
      word: phase === "Missing" ? o.object.notThere : phase || o.statuses[status],
      to: ref,
    })),
    edges: edges.map(({ from, to, label }) => ({ from: id(from), to: id(to), label: o.edges[label] })),
  };
}

/** What an object has to do with others: drawn, or as a list. */
export function RelatedTab({ place }: PartProps) {
  const { data, error, isPending, refetch } = useQuery(relatedQuery(place));
  const graph = useMemo(() => data && drawn(data), [data]);
  return (
    <Loaded
      of={{ error: data ? null : error, loading: isPending, retry: () => void refetch() }}
      failed={o.object.relatedFailed}
    >
      {data && data.missing.length > 0 && (
        <Banner className="mb-4" look="warning" title={o.object.missing}>
          {data.missing.join(" ")}
        </Banner>
      )}
      {graph && graph.nodes.length > 1 ? (
        <Graph
          label={o.object.relatedTo(place.name)}
          nodes={graph.nodes}
          edges={graph.edges}
          active="0"
          link={({ to: { kind, namespace = "", name } }, className, content) => (
            <Link
              className={className}
              to={paths.object({ cluster: place.cluster, kind, namespace, name }, "related")}
            >
              {content}
            </Link>
          )}
        />
      ) : (
        <Empty title={o.object.alone}>{o.object.aloneWhy}</Empty>
      )}
      {data?.more.map(({ node, label, count }) => (
        <p key={`${node} ${label}`} className="mt-2 text-sm text-muted">
          {o.object.more(
            count,
            data.nodes[node]?.ref.name ?? "",
            o.edges[label as keyof typeof o.edges] ?? label,
          )}
        </p>
      ))}
    </Loaded>
  );
}
