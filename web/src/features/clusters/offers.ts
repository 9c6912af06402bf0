import type { Cluster, ClusterContext, ClusterOffer } from "../../api/types";

/** The context that is used without a question: the only good one, or the current one. */
export function usable({ contexts }: ClusterOffer): ClusterContext | undefined {
  const good = contexts.filter(({ refused }) => !refused);
  const one = good.length === 1 ? good[0] : good.find(({ current }) => current);
  return one && one.ask.length === 0 ? one : undefined;
}

/** A name that no cluster has: after the context, unless that says nothing. */
export function freeName(wanted: string, clusters: readonly Pick<Cluster, "name">[]): string {
  const taken = new Set(clusters.map(({ name }) => name));
  const plain = wanted.trim().slice(0, 60) || "cluster";
  for (let n = 1; ; n++) {
    const name = n === 1 ? plain : `${plain}-${n}`;
    if (!taken.has(name)) return name;
  }
}

const empty = /^(default|kubernetes-admin@kubernetes|)$/;

/** What an offer is called at first: k3s rather than default. */
export function nameFor(offer: ClusterOffer, clusters: readonly Pick<Cluster, "name">[]): string {
  const context = usable(offer)?.name ?? "";
  const source = offer.source === "in_cluster" ? "here" : offer.source;
  return freeName(empty.test(context) ? source : context, clusters);
}
