import "./graph.css";

import clsx from "clsx";
import { type ReactNode, useMemo, useState } from "react";

import { p } from "../locales/parts";
import { type Drawn, type Edge, box, layout, path } from "./graph-layout";
import { type Look, Status } from "./mark";
import { Segmented } from "./Segmented";

export type { Edge } from "./graph-layout";

/** A thing in a graph. */
export interface GraphNode {
  id: string;
  title: string;
  /** What it is: "Deployment". */
  kind: string;
  look: Look;
  /** How it stands, in a word. */
  word: string;
}

interface GraphProps<N extends GraphNode> {
  /** What the graph is of, spoken. */
  label: string;
  nodes: readonly N[];
  edges: readonly Edge[];
  /** The one the page is about. */
  active?: string | undefined;
  /** Makes a thing a link or a button, with this class, around what is given. */
  link: (node: N, className: string, content: ReactNode) => ReactNode;
}

type View = "graph" | "list";

const Node = ({ node }: { node: GraphNode }) => (
  <>
    <span className="title">{node.title}</span>
    <span className="about">
      <span className="clip">{node.kind}</span>
      <Status look={node.look}>{node.word}</Status>
    </span>
  </>
);

function Line({ edge: { points, label, back } }: { edge: Drawn }) {
  const [start = [0, 0], next = start] = points;
  const [x, y] = back ? start : (points.at(-1) ?? start);
  return (
    <g className={clsx(back && "back")}>
      <path d={path(points)} />
      <path className="tip" d={`M${x} ${y}l${back ? 6 : -6} -4v8z`} />
      <text x={(start[0] + next[0]) / 2} y={(start[1] + next[1]) / 2 - 4}>
        {label}
      </text>
    </g>
  );
}

function Sheet<N extends GraphNode>({ label, nodes, edges, active, link }: GraphProps<N>) {
  const made = useMemo(
    () =>
      layout(
        nodes.map((node) => node.id),
        edges,
      ),
    [nodes, edges],
  );
  const at = new Map(made.nodes.map((node) => [node.id, node]));
  return (
    <div className="graph-sheet" role="group" aria-label={label} tabIndex={0}>
      <div className="sheet" style={{ width: made.width, height: made.height }}>
        <svg width={made.width} height={made.height} aria-hidden="true">
          {made.edges.map((edge) => (
            <Line key={`${edge.from} ${edge.to} ${edge.label}`} edge={edge} />
          ))}
        </svg>
        {nodes.map((node) => {
          const place = at.get(node.id);
          return (
            <div
              key={node.id}
              className="place"
              title={node.title}
              style={{
                translate: `${place?.x ?? 0}px ${place?.y ?? 0}px`,
                width: box.width,
                height: box.height,
              }}
            >
              {link(node, clsx("graph-node", node.id === active && "active"), <Node node={node} />)}
            </div>
          );
        })}
      </div>
    </div>
  );
}

// The same as a list: each thing, and below it where its lines lead.
function List<N extends GraphNode>({ label, nodes, edges, active, link }: GraphProps<N>) {
  const titles = new Map(nodes.map((node) => [node.id, node.title]));
  return (
    <ul className="graph-list" aria-label={label}>
      {nodes.map((node) => (
        <li key={node.id}>
          {link(node, clsx("graph-node", node.id === active && "active"), <Node node={node} />)}
          <ul>
            {edges
              .filter((edge) => edge.from === node.id && titles.has(edge.to))
              .map((edge) => (
                <li key={`${edge.to} ${edge.label}`}>{p.graph.to(edge.label, titles.get(edge.to) ?? "")}</li>
              ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

const phone = () => matchMedia("(max-width: 44.99rem)").matches;

/** Things and what ties them, in layers from left to right; the same as a list for who cannot see it, or on a phone. */
export function Graph<N extends GraphNode>(props: GraphProps<N>) {
  const [view, setView] = useState<View>(() => (phone() ? "list" : "graph"));
  if (props.nodes.length === 0) return <p className="text-muted">{p.graph.empty}</p>;
  return (
    <div className="graph">
      <Segmented<View>
        label={p.graph.view}
        value={view}
        onChange={setView}
        options={[
          { value: "graph", label: p.graph.graph },
          { value: "list", label: p.graph.list },
        ]}
      />
      {view === "graph" ? <Sheet {...props} /> : <List {...props} />}
    </div>
  );
}
