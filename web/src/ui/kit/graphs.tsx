import { useState } from "react";

import { Section } from "../Facts";
import { type Edge, Graph, type GraphNode } from "../Graph";
import { looks, type State } from "../mark";

const node = (id: string, kind: string, state: State, word: string, title = id): GraphNode => ({
  id,
  kind,
  title,
  look: looks[state],
  word,
});

const nodes = [
  node("deploy", "Deployment", "warning", "2 of 3", "checkout"),
  node("set", "ReplicaSet", "warning", "2 of 3", "checkout-7d9f8b6c5"),
  node("old", "ReplicaSet", "ok", "0 of 0", "checkout-5c6f7d8e9"),
  node("pod-1", "Pod", "up", "Running", "checkout-7d9f8b6c5-x2x"),
  node("pod-2", "Pod", "up", "Running", "checkout-7d9f8b6c5-k9q"),
  node("pod-3", "Pod", "critical", "Crash loop", "checkout-7d9f8b6c5-a-name-that-is-much-too-long"),
  node("service", "Service", "ok", "Ready", "checkout"),
  node("ingress", "Ingress", "ok", "Ready", "shop.example.org"),
  node("config", "ConfigMap", "unknown", "In use", "checkout-settings"),
];

const edge = (from: string, label: string, to: string): Edge => ({ from, label, to });
const edges = [
  edge("deploy", "owns", "set"),
  edge("deploy", "owns", "old"),
  edge("set", "owns", "pod-1"),
  edge("set", "owns", "pod-2"),
  edge("set", "owns", "pod-3"),
  edge("ingress", "routes to", "service"),
  edge("service", "selects", "pod-1"),
  edge("service", "selects", "pod-2"),
  edge("service", "selects", "pod-3"),
  edge("pod-1", "mounts", "config"),
  edge("config", "reloads", "deploy"),
];

/** What belongs together, with a circle in it; and nothing. */
export function Graphs() {
  const [active, setActive] = useState("deploy");
  return (
    <Section className="mt-8" title="Graph" count={nodes.length}>
      <Graph
        label="What belongs to checkout"
        nodes={nodes}
        edges={edges}
        active={active}
        link={(one, className, content) => (
          <button type="button" className={className} onClick={() => setActive(one.id)}>
            {content}
          </button>
        )}
      />
      <div className="mt-4">
        <Graph label="Nothing" nodes={[]} edges={[]} link={() => null} />
      </div>
    </Section>
  );
}
