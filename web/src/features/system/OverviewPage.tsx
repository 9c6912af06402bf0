import { Link } from "@tanstack/react-router";
import { Plus, Server as ServerIcon } from "lucide-react";
import { lazy, Suspense } from "react";

import { api } from "../../api/client";
import { useMay } from "../../api/may";
import { useFreshReadings } from "../../api/readings";
import type { Alert, Dashboard } from "../../api/types";
import { Page } from "../../layout/Page";
import { ProblemPage } from "../../layout/Problem";
import { clusterCount, useDashboard } from "../../layout/Shell";
import { t } from "../../locales";
import { paths } from "../../paths";
import { buttonClass } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { Section } from "../../ui/Facts";
import { number } from "../../ui/format";
import { looks, Mark, type State } from "../../ui/mark";
import { Time } from "../../ui/Time";
import { MachineStrip } from "./MachineStrip";
import { TroubleList } from "./TroubleList";

const KitHint = lazy(() => import("./KitHint").then((m) => ({ default: m.KitHint })));

const Clusters = lazy(() => import("./Clusters").then((m) => ({ default: m.Clusters })));

const counted = [
  "up",
  "warning",
  "critical",
  "down",
  "untrusted",
  "stale",
  "unknown",
] as const satisfies readonly State[];

function Counts({ servers }: { servers: Dashboard["servers"] }) {
  const shown = counted.filter((state) => state === "up" || servers[state] > 0);
  return (
    <div className="counts mb-3 -mt-1">
      {shown.map((state) => (
        <Link key={state} to={paths.servers({ state })}>
          <Mark shape={looks[state].shape} tone={looks[state].tone} />
          <span>
            <b>{number(servers[state])}</b> {t.servers.looks[state].toLowerCase()}
          </span>
        </Link>
      ))}
    </div>
  );
}

function OpenAlert({ alert }: { alert: Alert }) {
  const { shape, tone } = looks[alert.stale_since ? "stale" : alert.severity];
  const about = alert.server_name || alert.cluster_name;
  return (
    <li className="items-start!">
      <Mark className="mt-1" shape={shape} tone={tone} />
      <Link className="min-w-0 flex-1" to={paths.alert(alert.id)}>
        <span className="row">
          <span className="clip flex-1 font-medium" title={alert.message}>
            {alert.message || alert.title}
          </span>
          <span className="text-sm text-muted">{t.servers.severity[alert.severity]}</span>
        </span>
        <span className="clip block text-sm text-muted">
          {about}
          {about && " · "}
          <Time at={alert.fired_at ?? alert.started_at} />
        </span>
      </Link>
    </li>
  );
}

function OpenAlerts({ firing }: { firing: number }) {
  const alerts = api.useQuery("get", "/api/v1/alerts", { params: { query: { state: "firing", limit: 6 } } })
    .data?.items;
  const all = (
    <Link className="link text-sm" to={paths.alerts()}>
      {t.system.allAlerts}
    </Link>
  );
  return (
    <Section className="o1" title={t.system.openAlerts} count={firing} end={all}>
      {alerts?.length === 0 ? (
        <p className="border-t border-line py-2 text-muted">{t.system.noAlerts}</p>
      ) : (
        <ul className="rows">
          {alerts?.map((alert) => (
            <OpenAlert key={alert.id} alert={alert} />
          ))}
        </ul>
      )}
    </Section>
  );
}

const add = () => (
  <Link className={buttonClass({ kind: "primary" })} to={paths.serverNew()}>
    <Plus className="icon" aria-hidden="true" />
    {t.system.addServer}
  </Link>
);

function Content({ dashboard }: { dashboard: Dashboard }) {
  const may = useMay("servers.write");
  const keeper = useMay("backup.write");
  useFreshReadings(["*"]);
  const servers = api.useQuery("get", "/api/v1/servers", { params: { query: { limit: 500, sort: "name" } } });
  const clusters = clusterCount(dashboard);
  const thresholds =
    api.useQuery("get", "/api/v1/thresholds", { params: { query: { limit: 500 } } }).data?.items ?? none;
  const total = Object.values(dashboard.servers).reduce((sum, n) => sum + n, 0);
  return (
    <>
      <Counts servers={dashboard.servers} />
      <MachineStrip id={dashboard.local_server_id} />
      <div className="cols section home">
        {servers.error ? (
          <ProblemPage error={servers.error} title={t.system.failed} onRetry={() => void servers.refetch()} />
        ) : !servers.data ? (
          <Skeleton label={t.ui.loading} lines={8} />
        ) : servers.data.items.length === 0 ? (
          <Empty
            icon={<ServerIcon className="icon" aria-hidden="true" />}
            title={t.system.emptyTitle}
            action={may && add()}
            hint={
              may && (
                <>
                  {t.system.emptyExample} <code>lea@10.20.0.11</code>
                </>
              )
            }
          >
            {t.system.emptyWhy}
          </Empty>
        ) : (
          <TroubleList servers={servers.data.items} total={total} thresholds={thresholds} />
        )}
        <div className="aside">
          <OpenAlerts firing={dashboard.alerts.firing} />
          <Suspense>
            {clusters > 0 && <Clusters total={clusters} findings={dashboard.clusters?.findings ?? none} />}
            {keeper && <KitHint />}
          </Suspense>
        </div>
      </div>
    </>
  );
}

const none: never[] = [];

/** What needs a look, and how this machine is. */
export function OverviewPage() {
  const dashboard = useDashboard();
  const action = useMay("servers.write") && (
    <Link className={buttonClass({ size: "small" })} to={paths.serverNew()}>
      <Plus className="icon" aria-hidden="true" />
      {t.system.addServer}
    </Link>
  );
  return (
    <Page title={t.system.overview} action={action}>
      {dashboard.error && !dashboard.data ? (
        <ProblemPage
          error={dashboard.error}
          title={t.system.failed}
          onRetry={() => void dashboard.refetch()}
        />
      ) : dashboard.data ? (
        <Content dashboard={dashboard.data} />
      ) : (
        <Skeleton label={t.ui.loading} lines={8} />
      )}
    </Page>
  );
}
