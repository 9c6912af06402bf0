import { Link, useRouter } from "@tanstack/react-router";
import { Box } from "lucide-react";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { useMay } from "../../api/may";
import type { Cluster, ClusterOffer } from "../../api/types";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Section } from "../../ui/Facts";
import { toast } from "../../ui/Toast";
import { missing } from "./rights";
import { nameFor, usable } from "./offers";

const words = k.offers;

// One press tests the cluster and adds it. Where a person has to look or to choose, the form opens instead.
function useAdd(offer: ClusterOffer, clusters: readonly Cluster[]) {
  const router = useRouter();
  const test = api.useMutation("post", "/api/v1/clusters/test");
  const create = api.useMutation("post", "/api/v1/clusters");
  const look = () => router.history.push(paths.clusterNew({ source: offer.source }));
  const add = async () => {
    try {
      const draft = { source: offer.source };
      const report = await test.mutateAsync({ body: draft });
      if (!report.ok) {
        toast({ look: "critical", title: words.testFailed(offer.title), body: report.error });
        return look();
      }
      const made = await create.mutateAsync({ body: { ...draft, name: nameFor(offer, clusters) } });
      const lacking = missing(report.rights).length;
      toast({ title: words.added(made.name), ...(lacking > 0 && { body: words.lacking(lacking) }) });
      await refresh("clusters");
      router.history.push(paths.cluster(made.id));
    } catch (error) {
      toast({ look: "critical", title: words.failed(offer.title), body: toProblem(error).detail });
      look();
    }
  };
  return { add: () => void add(), busy: test.isPending || create.isPending };
}

function Offer({ offer, clusters }: { offer: ClusterOffer; clusters: readonly Cluster[] }) {
  const { add, busy } = useAdd(offer, clusters);
  const ready = usable(offer);
  const at = ready?.server ?? offer.contexts[0]?.server;
  return (
    <li>
      <Box className="icon text-faint" aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <span className="clip block font-medium">{offer.title}</span>
        <span className="block text-sm text-muted">
          {offer.problem ?? [at, offer.path].filter(Boolean).join(" · ")}
        </span>
      </div>
      {ready ? (
        <Button size="small" busy={busy} aria-label={words.addOf(offer.title)} onClick={add}>
          {words.add}
        </Button>
      ) : (
        !offer.problem && (
          <Link className={buttonClass({ size: "small" })} to={paths.clusterNew({ source: offer.source })}>
            {words.look}
          </Link>
        )
      )}
    </li>
  );
}

/** Clusters that were found on this box and are not watched yet. Nothing is added by itself. */
export function Offers({ clusters }: { clusters: readonly Cluster[] }) {
  const may = useMay("clusters.write");
  const found = api.useQuery("get", "/api/v1/clusters/offers", {}, { enabled: may }).data?.items ?? [];
  const watched = new Set(clusters.map(({ server }) => server));
  const fresh = found.filter(
    ({ contexts }) => contexts.length === 0 || contexts.some(({ server }) => !watched.has(server)),
  );
  if (fresh.length === 0) return null;
  return (
    <Section title={words.title} count={fresh.length}>
      <ul className="rows">
        {fresh.map((offer) => (
          <Offer key={offer.source} offer={offer} clusters={clusters} />
        ))}
      </ul>
    </Section>
  );
}
