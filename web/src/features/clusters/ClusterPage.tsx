import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useLocation } from "@tanstack/react-router";
import { Boxes } from "lucide-react";

import { Problem } from "../../api/errors";
import type { Cluster } from "../../api/types";
import { Page } from "../../layout/Page";
import { ProblemPage } from "../../layout/Problem";
import { t } from "../../locales";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { buttonClass } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { TabLinks } from "../../ui/Tabs";
import { Time } from "../../ui/Time";
import { ClusterBadge } from "./columns";
import { versionOf } from "../../layout/clusters";
import { clusterQuery } from "./queries";

const route = getRouteApi("/shell/clusters/$id");
const words = k.page;

function Meta({ cluster }: { cluster: Cluster }) {
  const version = versionOf(cluster.facts);
  return (
    <div className="meta">
      {version && <span>{words.kubernetes(version)}</span>}
      <span className="mono">{cluster.server}</span>
      {cluster.tags.length > 0 && <span>{cluster.tags.join(" · ")}</span>}
      {cluster.state !== "synced" && cluster.synced_at && (
        <span>
          {words.seen} <Time ago at={cluster.synced_at} />
        </span>
      )}
    </div>
  );
}

function Header({ cluster }: { cluster: Cluster }) {
  const { pathname } = useLocation();
  const tabs = [
    { to: paths.cluster(cluster.id), label: words.tabs.overview },
    { to: paths.clusterKinds(cluster.id), label: words.tabs.kinds },
    { to: paths.clusterSettings(cluster.id), label: words.tabs.settings },
  ];
  return (
    <>
      <div className="hero">
        <div className="hero-line">
          <div className="min-w-0 flex-1">
            <div className="row flex-wrap">
              <h1>{cluster.name}</h1>
              <ClusterBadge cluster={cluster} />
            </div>
            <Meta cluster={cluster} />
          </div>
          <div className="actions">
            <Link className={buttonClass()} to={paths.objects({ kind: "pods", clusters: cluster.id })}>
              <Boxes className="icon" aria-hidden="true" />
              {words.objects}
            </Link>
          </div>
        </div>
      </div>
      <TabLinks label={cluster.name}>
        {tabs.map(({ to, label }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: true }}
            aria-current={pathname === to ? "page" : undefined}
          >
            {label}
          </Link>
        ))}
      </TabLinks>
    </>
  );
}

/** One cluster: how it is, and its parts as tabs. */
export function ClusterPage() {
  const { id } = route.useParams();
  const { data: cluster, error, refetch } = useQuery(clusterQuery(id));
  if (!cluster) {
    return (
      <Page title={t.layout.clusters}>
        {error instanceof Problem && error.status === 404 ? (
          <Empty
            title={words.gone}
            action={
              <Link className={buttonClass()} to={paths.clusters()}>
                {words.toClusters}
              </Link>
            }
          >
            {words.goneWhy}
          </Empty>
        ) : error ? (
          <ProblemPage error={error} title={words.failed} onRetry={() => void refetch()} />
        ) : (
          <Skeleton label={t.ui.loading} lines={8} />
        )}
      </Page>
    );
  }
  const crumbs = [{ label: t.layout.clusters, to: paths.clusters() }];
  return (
    <Page title={cluster.name} crumbs={crumbs} named header={<Header cluster={cluster} />}>
      <Outlet />
    </Page>
  );
}

/** The cluster of the page; its tabs are drawn only once it is there. */
export function useCluster(): Cluster | undefined {
  const { id } = route.useParams();
  return useQuery(clusterQuery(id)).data;
}
