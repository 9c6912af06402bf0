import type { ClusterObject } from "../../api/types";

interface Share {
  whole: number;
  /** Undefined where nobody measures. */
  used: number | undefined;
}

/** What one node has to give, and what of it is used: cores and bytes. */
export function shareOf({ cells, cpu_milli, memory_bytes }: ClusterObject): { cpu: Share; memory: Share } {
  const cell = (i: number) => Number(cells?.[i]) || 0;
  return {
    cpu: { whole: cell(2) / 1000, used: cpu_milli === undefined ? undefined : cpu_milli / 1000 },
    memory: { whole: cell(3), used: memory_bytes },
  };
}

const add = (a: Share, b: Share): Share => ({
  whole: a.whole + b.whole,
  used: b.used === undefined ? a.used : (a.used ?? 0) + b.used,
});

/** The same of all nodes together. */
export function capacityOf(nodes: readonly ClusterObject[]): { cpu: Share; memory: Share } {
  const nothing: Share = { whole: 0, used: undefined };
  return nodes
    .map(shareOf)
    .reduce((all, one) => ({ cpu: add(all.cpu, one.cpu), memory: add(all.memory, one.memory) }), {
      cpu: nothing,
      memory: nothing,
    });
}

/** How full it is; nothing where it is not known. */
export const ratioOf = ({ whole, used }: Share): number | undefined =>
  used === undefined || whole <= 0 ? undefined : used / whole;
