import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { Alert } from "../../api/types";
import { ProblemPage } from "../../layout/Problem";
import { t } from "../../locales";
import { paths } from "../../paths";
import { buttonClass } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { Mark, Status } from "../../ui/mark";
import { Segmented } from "../../ui/Segmented";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { serverAlertsQuery } from "./queries";
import { useServer } from "./ServerPage";

function stateWord(alert: Alert): string {
  const a = t.servers.alert;
  if (alert.state === "resolved") return a.resolved;
  if (alert.stale_since) return a.noData;
  if (alert.snoozed_until && Date.parse(alert.snoozed_until) > Date.now()) return a.snoozed;
  if (alert.acknowledged_at) return a.acknowledged;
  return a[alert.state];
}

const columns: Column<Alert>[] = [
  {
    key: "severity",
    head: t.servers.alert.severity,
    phone: "state",
    cell: (alert) => (
      <Status look={alert.stale_since ? "stale" : alert.severity}>
        {t.servers.severity[alert.severity]}
      </Status>
    ),
  },
  {
    key: "title",
    head: t.servers.alert.title,
    phone: "name",
    cell: (alert) => (
      <Link to={paths.alert(alert.id)} title={alert.title}>
        {alert.title}
      </Link>
    ),
  },
  {
    key: "state",
    head: t.servers.alert.state,
    phone: "sub",
    cell: (alert) => <span className="text-muted">{stateWord(alert)}</span>,
  },
  {
    key: "since",
    head: t.servers.alert.since,
    num: true,
    phone: "end",
    cell: (alert) => (
      <Time at={alert.resolved_at ?? alert.fired_at ?? alert.started_at} className="text-muted" />
    ),
  },
];

/** The alerts of one server. */
export function ServerAlerts() {
  const id = useServer()?.id ?? "";
  const [state, setState] = useState<"open" | "resolved">("open");
  const { data, error, refetch } = useQuery({ ...serverAlertsQuery(id, state, 200), enabled: id !== "" });
  return (
    <>
      <div className="head mb-2">
        <Segmented
          label={t.servers.alert.state}
          value={state}
          onChange={setState}
          options={[
            { value: "open", label: t.servers.open },
            { value: "resolved", label: t.servers.resolved },
          ]}
        />
      </div>
      {error ? (
        <ProblemPage error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Skeleton label={t.ui.loading} />
      ) : data.items.length === 0 ? (
        <Empty
          icon={<Mark shape="check" tone="ok" />}
          title={t.servers.noAlerts}
          action={
            <Link className={buttonClass()} to={paths.thresholds()}>
              {t.servers.thresholds}
            </Link>
          }
        >
          {t.servers.noAlertsWhy}
        </Empty>
      ) : (
        <Table label={t.servers.tabs.alerts} columns={columns} rows={data.items} id={(alert) => alert.id} />
      )}
    </>
  );
}
