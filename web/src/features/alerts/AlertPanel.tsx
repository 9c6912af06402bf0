import "../../ui/timeline.css";

import { Link } from "@tanstack/react-router";
import { useCallback } from "react";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { useMay } from "../../api/may";
import type { AlertDetail, AlertEvent, Delivery } from "../../api/types";
import { ProblemPage } from "../../layout/Problem";
import { isEvent, ruleText } from "../../layout/threshold";
import { t } from "../../locales";
import { channels as channelsWords } from "../../locales/channels";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { Facts } from "../../ui/Facts";
import { clock, exact, since, when } from "../../ui/format";
import { Badge, looks, Mark, Status } from "../../ui/mark";
import { Panel } from "../../ui/Panel";
import { useTicking } from "../../ui/Time";
import { AboutLink } from "./AboutLink";
import { acknowledge, resolve, SnoozeMenu, unacknowledge } from "./acts";
import { AlertChart } from "./AlertChart";
import { figures } from "./columns";
import { about } from "./order";
import type { Rules } from "./queries";

function Age({ alert }: { alert: AlertDetail }) {
  const text = useTicking(
    useCallback(
      (now) => {
        if (alert.resolved_at) return t.alerts.resolvedAgo(since(alert.resolved_at, now));
        if (alert.state === "pending") return t.alerts.pendingFor(since(alert.started_at, now));
        return t.alerts.firingFor(since(alert.fired_at ?? alert.started_at, now));
      },
      [alert],
    ),
  );
  return (
    <span className="text-muted" title={exact(alert.resolved_at ?? alert.fired_at ?? alert.started_at)}>
      {text}
    </span>
  );
}

function AlertBadge({ alert }: { alert: AlertDetail }) {
  if (alert.state === "resolved") return <Badge look="resolved">{t.alerts.states.resolved}</Badge>;
  if (alert.stale_since) return <Badge look="stale">{t.alerts.stale}</Badge>;
  return <Badge look={alert.severity}>{t.alerts.severities[alert.severity]}</Badge>;
}

function Actions({ alert }: { alert: AlertDetail }) {
  const may = useMay("alerts.write");
  if (!may || alert.state === "resolved") return null;
  const ids = [alert.id];
  return (
    <div className="actions mt-3 flex-wrap">
      {alert.acknowledged_at ? (
        <Button onClick={() => void unacknowledge(alert.id)}>{t.alerts.unacknowledge}</Button>
      ) : (
        <Button kind="primary" onClick={() => void acknowledge(ids)}>
          {t.alerts.acknowledge}
        </Button>
      )}
      <SnoozeMenu ids={ids} />
      <Button onClick={() => void resolve(ids)}>{t.alerts.resolve}</Button>
    </div>
  );
}

function Line({ event, alert }: { event: AlertEvent; alert: AlertDetail }) {
  const look =
    event.kind === "fired" || event.kind === "firing"
      ? looks[alert.severity]
      : event.kind === "resolved" || event.kind === "closed"
        ? looks.resolved
        : event.kind === "pending"
          ? looks.pending
          : event.kind === "untold"
            ? looks.failed
            : undefined;
  const old = new Date(event.at).toDateString() !== new Date().toDateString();
  return (
    <li>
      <time dateTime={event.at} title={exact(event.at)}>
        {clock(event.at)}
      </time>
      {look ? <Mark shape={look.shape} tone={look.tone} /> : <span className="dot" aria-hidden="true" />}
      <span>
        {event.text}
        {event.actor && <span className="text-muted"> · {event.actor}</span>}
        {old && (
          <span className="text-faint">
            {" "}
            · {when(event.at, Date.now()).replace(clock(event.at), "").trim()}
          </span>
        )}
      </span>
    </li>
  );
}

function Told({ deliveries }: { deliveries: readonly Delivery[] }) {
  if (deliveries.length === 0) return null;
  return (
    <>
      <h3>{t.alerts.deliveries}</h3>
      <ul className="rows">
        {deliveries.map((each) => {
          const last = each.attempts[each.attempts.length - 1];
          return (
            <li key={each.id} className="flex-wrap">
              <Status look={each.state}>{channelsWords.delivery.states[each.state]}</Status>
              <span className="clip flex-1">
                {each.channel_name}{" "}
                <span className="text-muted">{channelsWords.delivery.events[each.event]}</span>
              </span>
              <span className="text-sm text-faint" title={exact(each.sent_at ?? each.created_at)}>
                {clock(each.sent_at ?? each.created_at)}
              </span>
              {last && !last.ok && <span className="w-full text-sm text-muted">{last.message}</span>}
            </li>
          );
        })}
      </ul>
    </>
  );
}

const stamp = (at: string | null | undefined) => at && <span title={exact(at)}>{when(at, Date.now())}</span>;

function Body({ alert, rules }: { alert: AlertDetail; rules: Rules }) {
  const threshold = rules.rule(alert);
  const { value, limit } = figures(alert, rules);
  const words = t.alerts.facts;
  const told = [
    ...new Set(alert.deliveries.filter((each) => each.state === "sent").map((each) => each.channel_name)),
  ];
  return (
    <>
      <h2>{alert.title}</h2>
      <p className="text-muted">
        {about(alert) && (
          <>
            <AboutLink className="link" alert={alert} />
            {alert.message && " · "}
          </>
        )}
        {alert.message}
      </p>
      <Actions alert={alert} />
      {threshold && about(alert) && !isEvent(threshold.metric) && (
        <AlertChart alert={alert} threshold={threshold} rules={rules} />
      )}
      <Facts
        className="mt-4"
        facts={[
          [
            words.rule,
            threshold && (
              <Link key="r" className="link" to={paths.thresholds()}>
                {threshold.name}
              </Link>
            ),
          ],
          [
            "",
            threshold && (
              <span key="t" className="text-muted">
                {ruleText(threshold, rules.metrics)}
              </span>
            ),
          ],
          [words.value, value && `${value} (${limit})`],
          [words.started, stamp(alert.started_at)],
          [words.fired, stamp(alert.fired_at)],
          [words.resolved, stamp(alert.resolved_at)],
          [words.stale, stamp(alert.stale_since)],
          [
            words.acknowledged,
            alert.acknowledged_at &&
              t.alerts.by(alert.acknowledged_by, when(alert.acknowledged_at, Date.now())),
          ],
          [words.snoozed, stamp(alert.snoozed_until)],
          [words.told, told.length > 0 ? told.join(", ") : alert.fired_at && words.nobody],
        ]}
      />
      <h3>{t.alerts.timeline}</h3>
      <ol className="timeline">
        {[...alert.timeline]
          .sort((a, b) => (a.at < b.at ? 1 : -1))
          .map((event, i) => (
            <Line key={`${event.at} ${event.kind} ${i}`} event={event} alert={alert} />
          ))}
      </ol>
      <Told deliveries={alert.deliveries} />
    </>
  );
}

interface AlertPanelProps {
  id: string;
  rules: Rules;
  onClose: () => void;
}

/** One alert: why, since when, who knows, and what can be done about it. */
export function AlertPanel({ id, rules, onClose }: AlertPanelProps) {
  const { data, error, isPending, refetch } = api.useQuery("get", "/api/v1/alerts/{id}", {
    params: { path: { id } },
  });
  const gone = error !== null && toProblem(error).status === 404;
  return (
    <Panel
      label={t.alerts.alert}
      onClose={onClose}
      head={
        data && (
          <>
            <AlertBadge alert={data} />
            <Age alert={data} />
          </>
        )
      }
    >
      {isPending && <Skeleton label={t.ui.loading} />}
      {gone && (
        <Empty
          title={t.alerts.gone}
          action={
            <Link className={buttonClass()} to={paths.alerts()}>
              {t.alerts.backToAll}
            </Link>
          }
        >
          {t.alerts.goneBody}
        </Empty>
      )}
      {error && !gone && <ProblemPage error={error} onRetry={() => void refetch()} />}
      {data && <Body alert={data} rules={rules} />}
    </Panel>
  );
}
