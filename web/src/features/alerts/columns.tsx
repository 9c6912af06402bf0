import { Link } from "@tanstack/react-router";
import { useCallback } from "react";

import type { Alert } from "../../api/types";
import { amount, isEvent, limitText, unitOf } from "../../layout/threshold";
import { t } from "../../locales";
import { paths } from "../../paths";
import { exact, when } from "../../ui/format";
import { looks, Status } from "../../ui/mark";
import type { Column } from "../../ui/Table";
import { Time, useTicking } from "../../ui/Time";
import { type Rules, type Word, wordOf } from "./queries";

/** Severity in shape and word; what is over has no colour any more. */
function AlertStatus({ alert }: { alert: Alert }) {
  const word = t.alerts.severities[alert.severity];
  if (alert.state === "resolved")
    return <Status look={{ ...looks[alert.severity], tone: "none" }}>{word}</Status>;
  if (alert.stale_since) return <Status look="stale">{t.alerts.stale}</Status>;
  return <Status look={alert.severity}>{word}</Status>;
}

/** The value and the limit of an alert, as text. */
export function figures(alert: Alert, { rule, metrics }: Rules): { value: string; limit: string } {
  const threshold = rule(alert);
  if (!threshold || isEvent(threshold.metric) || alert.value === null) return { value: "", limit: "" };
  return {
    value: amount(alert.value, unitOf(threshold.metric, metrics)),
    limit: limitText(threshold, metrics),
  };
}

function State({ alert }: { alert: Alert }) {
  const word = useTicking(useCallback((now) => wordOf(alert, now), [alert])) as Word;
  if (word === "resolved") return <Status look="resolved">{t.alerts.states.resolved}</Status>;
  let title: string | undefined;
  if (word === "acknowledged" && alert.acknowledged_at)
    title = t.alerts.by(alert.acknowledged_by, when(alert.acknowledged_at, Date.now()));
  if (word === "snoozed" && alert.snoozed_until) title = t.alerts.until(exact(alert.snoozed_until));
  return (
    <span className={word === "firing" ? undefined : "text-muted"} title={title}>
      {t.alerts.states[word]}
    </span>
  );
}

function Brief({ alert, rules }: { alert: Alert; rules: Rules }) {
  const word = useTicking(useCallback((now) => wordOf(alert, now), [alert])) as Word;
  const { value, limit } = figures(alert, rules);
  return t.alerts.brief(value, limit, t.alerts.states[word]);
}

const began = (alert: Alert) => alert.fired_at ?? alert.started_at;

/** The columns of the list; with groups what they are about is their heading. */
export function columns(rules: Rules, grouped: boolean): Column<Alert>[] {
  const server: Column<Alert> = {
    key: "server",
    head: t.thresholds.server,
    cell: (alert) => (
      <span className="block max-w-48 clip text-muted">
        {alert.server_name || alert.cluster_name || t.alerts.appliance}
      </span>
    ),
  };
  return [
    {
      key: "severity",
      head: t.alerts.severity,
      phone: "state",
      cell: (alert) => <AlertStatus alert={alert} />,
    },
    {
      key: "alert",
      head: t.alerts.alert,
      phone: "name",
      cell: (alert) => (
        <Link to={paths.alert(alert.id)} search data-alert={alert.id} title={alert.title}>
          {alert.title}
        </Link>
      ),
    },
    ...(grouped ? [] : [server]),
    {
      key: "value",
      head: t.alerts.value,
      num: true,
      cell: (alert) => {
        const { value, limit } = figures(alert, rules);
        return (
          <>
            {value} <span className="text-sm text-faint">{limit}</span>
          </>
        );
      },
    },
    { key: "state", head: t.alerts.state, cell: (alert) => <State alert={alert} /> },
    {
      key: "sub",
      head: "",
      phone: "sub",
      onlyPhone: true,
      cell: (alert) => <Brief alert={alert} rules={rules} />,
    },
    {
      key: "since",
      head: t.alerts.since,
      num: true,
      phone: "end",
      cell: (alert) => <Time at={alert.resolved_at ?? began(alert)} className="text-muted" />,
    },
  ];
}
