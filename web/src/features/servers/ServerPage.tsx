import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useLocation, useRouter } from "@tanstack/react-router";
import { Camera, Ellipsis, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";

import { api, ifMatch, queries } from "../../api/client";
import { Problem } from "../../api/errors";
import { useMay } from "../../api/may";
import { useFreshReadings, useReadings } from "../../api/readings";
import type { Server } from "../../api/types";
import { Page } from "../../layout/Page";
import { ProblemBanner, ProblemPage, toastProblem } from "../../layout/Problem";
import { ServerBadge } from "../../layout/ServerCells";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button, buttonClass, IconButton } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Empty, Skeleton } from "../../ui/Empty";
import { duration } from "../../ui/format";
import { Mark } from "../../ui/mark";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";
import { TabLinks } from "../../ui/Tabs";
import { Time } from "../../ui/Time";
import { toast } from "../../ui/Toast";
import { serverQuery } from "./queries";

const route = getRouteApi("/shell/servers/$id");

function Meta({ server }: { server: Server }) {
  const { uptime_s, at } = useReadings(server);
  const seen = server.state === "up" ? (at ?? server.last_seen) : server.last_seen;
  return (
    <div className="meta">
      <span className="mono">{server.auth === "local" ? t.servers.connection.local : server.host}</span>
      {server.group && <span>{server.group}</span>}
      {server.facts.os && <span>{server.facts.os}</span>}
      {server.state === "up" && uptime_s != null && <span>{t.servers.upFor(duration(uptime_s))}</span>}
      {seen && (
        <span>
          {t.servers.seen("")}
          <Time ago at={seen} />
        </span>
      )}
    </div>
  );
}

function useSnapshot(server: Server) {
  return api.useMutation("post", "/api/v1/servers/{id}/snapshots", {
    onSuccess: (job) =>
      toast({
        title: t.servers.scanStarted(server.name),
        action: (
          <Link className="link" to={paths.job(job.id)}>
            {t.servers.showJob}
          </Link>
        ),
      }),
    onError: (error) => toastProblem(t.servers.scanFailed, error),
  });
}

function Delete({ server, onClose }: { server: Server; onClose: () => void }) {
  const router = useRouter();
  const remove = api.useMutation("delete", "/api/v1/servers/{id}", {
    onSuccess: () => {
      toast({ title: t.servers.deleted(server.name) });
      router.history.push(paths.servers());
      void queries.invalidateQueries();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={t.servers.deleteTitle(server.name)}
      lead={t.servers.deleteLead}
      action={t.servers.deleteAction(server.name)}
      typed={server.name}
      busy={remove.isPending}
      onConfirm={() => remove.mutate({ params: { path: { id: server.id }, header: ifMatch(server.rev) } })}
    >
      <ul className="steps">
        <li>
          <Mark shape="cross" tone="critical" />
          {t.servers.deleteMetrics}
        </li>
        <li>
          <Mark shape="cross" tone="critical" />
          {t.servers.deleteAlerts}
        </li>
        <li>
          <Mark shape="check" tone="ok" />
          {t.servers.deleteKeeps}
        </li>
      </ul>
      {remove.error && <ProblemBanner error={remove.error} title={t.servers.deleteFailed(server.name)} />}
    </Confirm>
  );
}

function Actions({ server }: { server: Server }) {
  const [deleting, setDeleting] = useState(false);
  const router = useRouter();
  const snapshot = useSnapshot(server);
  return (
    <div className="actions">
      <Button
        icon={<Camera className="icon" aria-hidden="true" />}
        busy={snapshot.isPending}
        onClick={() => snapshot.mutate({ params: { path: { id: server.id } } })}
      >
        {t.servers.scan}
      </Button>
      <Button
        icon={<Pencil className="icon" aria-hidden="true" />}
        onClick={() => router.history.push(paths.serverEdit(server.id))}
      >
        {t.servers.edit}
      </Button>
      <Menu
        trigger={
          <IconButton kind="default" label={t.servers.more}>
            <Ellipsis className="icon" />
          </IconButton>
        }
      >
        <MenuItem onSelect={() => router.history.push(paths.serverSettings(server.id))}>
          {t.servers.key.title}
        </MenuItem>
        <MenuLine />
        <MenuItem
          danger
          icon={<Trash2 className="icon" aria-hidden="true" />}
          onSelect={() => setDeleting(true)}
        >
          {t.servers.deleteAction(server.name)}
        </MenuItem>
      </Menu>
      {deleting && <Delete server={server} onClose={() => setDeleting(false)} />}
    </div>
  );
}

function Header({ server }: { server: Server }) {
  const { pathname } = useLocation();
  const may = useMay("servers.write");
  const open = server.alerts.critical + server.alerts.warning + server.alerts.info;
  const tabs = [
    { to: paths.server(server.id), label: t.servers.tabs.overview },
    { to: paths.serverAlerts(server.id), label: t.servers.tabs.alerts, n: open },
    { to: paths.serverSnapshot(server.id), label: t.servers.tabs.snapshot },
    { to: paths.serverSettings(server.id), label: t.servers.tabs.settings },
  ];
  return (
    <>
      <div className="hero">
        <div className="hero-line">
          <div className="min-w-0 flex-1">
            <div className="row flex-wrap">
              <h1>{server.name}</h1>
              <ServerBadge server={server} />
            </div>
            <Meta server={server} />
          </div>
          {may && <Actions server={server} />}
        </div>
      </div>
      <TabLinks label={server.name}>
        {tabs.map(({ to, label, n }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: true }}
            aria-current={pathname === to ? "page" : undefined}
          >
            {label}
            {n ? <span className="n">{n}</span> : null}
          </Link>
        ))}
      </TabLinks>
    </>
  );
}

/** One server: who it is, and its parts as tabs. */
export function ServerPage() {
  const { id } = route.useParams();
  const { data: server, error, refetch } = useQuery(serverQuery(id));
  useFreshReadings([id]);
  const crumbs = [{ label: t.servers.page, to: paths.servers() }];
  if (!server) {
    return (
      <Page title={t.servers.page} crumbs={[]}>
        {error instanceof Problem && error.status === 404 ? (
          <Empty
            title={t.servers.gone}
            action={
              <Link className={buttonClass()} to={paths.servers()}>
                {t.servers.toServers}
              </Link>
            }
          >
            {t.servers.goneWhy}
          </Empty>
        ) : error ? (
          <ProblemPage error={error} title={t.servers.loadFailed} onRetry={() => void refetch()} />
        ) : (
          <Skeleton label={t.ui.loading} lines={8} />
        )}
      </Page>
    );
  }
  return (
    <Page title={server.name} crumbs={crumbs} named header={<Header server={server} />}>
      <Outlet />
    </Page>
  );
}

/** The server of the page; its tabs are drawn only once it is there. */
export function useServer(): Server | undefined {
  const { id } = route.useParams();
  return useQuery(serverQuery(id)).data;
}
