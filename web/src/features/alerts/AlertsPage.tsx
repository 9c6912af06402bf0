import { useParams, useRouter } from "@tanstack/react-router";
import { Link } from "@tanstack/react-router";
import { BellRing } from "lucide-react";
import { useEffect, useMemo, useState } from "react";

import { useList } from "../../api/list";
import type { Alert } from "../../api/types";
import { FilterInput } from "../../layout/FilterInput";
import { Page } from "../../layout/Page";
import { ProblemPage } from "../../layout/Problem";
import { useDashboard } from "../../layout/Shell";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { looks, Mark } from "../../ui/mark";
import { Chip, Segmented } from "../../ui/Segmented";
import { Table } from "../../ui/Table";
import { AlertPanel } from "./AlertPanel";
import { AlertsBulk } from "./AlertsBulk";
import { columns } from "./columns";
import { useRules } from "./queries";

const views = ["open", "resolved", "all"] as const;
const chips = ["critical", "warning", "info", "stale"] as const;
const rank = { critical: 0, warning: 1, info: 2 } as const;

type View = (typeof views)[number];

/** Groups follow each other worst first, then newest; so do the alerts of a group. */
function byServer(alerts: readonly Alert[]): Alert[] {
  const worst = new Map<string, number>();
  for (const { server_id, severity } of alerts)
    worst.set(server_id ?? "", Math.min(worst.get(server_id ?? "") ?? 9, rank[severity]));
  const order = [...new Set(alerts.map((alert) => alert.server_id ?? ""))];
  const place = new Map(order.map((id, i) => [id, (worst.get(id) ?? 9) * 10_000 + i]));
  return [...alerts].sort(
    (a, b) =>
      (place.get(a.server_id ?? "") ?? 0) - (place.get(b.server_id ?? "") ?? 0) || rank[a.severity] - rank[b.severity],
  );
}

function useAlerts(view: View, severity: string, q: string, server: string) {
  const stale = severity === "stale";
  const list = useList<Alert>("/api/v1/alerts", {
    state: view,
    severity: stale ? undefined : severity || undefined,
    q: q || undefined,
    server: server || undefined,
  });
  const { rows, more } = list;
  const whole = view === "open"; // what is open is shown whole, so that it can be grouped
  useEffect(() => {
    if (whole) more?.();
  }, [whole, more]);
  const shown = useMemo(() => {
    const kept = stale ? rows.filter((alert) => alert.stale_since) : rows;
    return whole ? byServer(kept) : kept;
  }, [rows, stale, whole]);
  return { ...list, rows: shown };
}

function useGroup(rows: readonly Alert[], on: boolean) {
  return useMemo(() => {
    if (!on) return undefined;
    const counts = new Map<string, number>();
    for (const { server_id } of rows) counts.set(server_id ?? "", (counts.get(server_id ?? "") ?? 0) + 1);
    return (alert: Alert) => ({
      key: alert.server_id ?? "",
      head: (
        <span className="row">
          {alert.server_id ? (
            <Link className="clip hover:underline" to={paths.server(alert.server_id)}>
              {alert.server_name}
            </Link>
          ) : (
            t.alerts.appliance
          )}
          <span className="text-faint">{counts.get(alert.server_id ?? "")}</span>
        </span>
      ),
    });
  }, [rows, on]);
}

function Nothing({ view, filtered, onClear }: { view: View; filtered: boolean; onClear: () => void }) {
  if (filtered) return <Empty title={t.alerts.none} action={<Button onClick={onClear}>{t.alerts.clear}</Button>} />;
  if (view === "resolved") return <Empty title={t.alerts.noneResolved} />;
  return (
    <Empty
      icon={<BellRing className="icon" aria-hidden="true" />}
      title={t.alerts.calm}
      action={
        <Link className={buttonClass()} to={paths.thresholds()}>
          {t.alerts.toThresholds}
        </Link>
      }
    >
      {t.alerts.calmBody}
    </Empty>
  );
}

/** What is wrong now, and what was; one alert beside it. */
export function AlertsPage() {
  const router = useRouter();
  const { id } = useParams({ strict: false }) as { id?: string };
  const [url, setUrl] = useUrl();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const stats = useDashboard().data?.alerts;
  const view = views.find((each) => each === url.get("state")) ?? "open";
  const [severity, q, server] = [url.get("severity") ?? "", url.get("q") ?? "", url.get("server") ?? ""];
  const rules = useRules();
  const list = useAlerts(view, severity, q, server);
  const grouped = view === "open";
  const group = useGroup(list.rows, grouped);
  const defs = useMemo(() => columns(rules, grouped), [rules.thresholds, rules.metrics, grouped]);
  const close = () => {
    const { search } = router.history.location;
    void router.navigate({ href: paths.alerts() + search });
    document.querySelector<HTMLElement>(`[data-alert="${id}"]`)?.focus();
  };
  const open = stats && stats.firing + stats.pending;
  const chosen = list.rows.filter((alert) => selected.has(alert.id));
  const filtered = severity !== "" || q !== "" || server !== "";
  return (
    <Page bare title={t.alerts.title}>
      <div className="split">
        <div className="min-w-0">
          <div className="filters">
            <Segmented
              label={t.alerts.view}
              value={view}
              onChange={(next) => {
                setSelected(new Set());
                setUrl({ state: next === "open" ? undefined : next });
              }}
              options={views.map((value) => ({
                value,
                label: value === "open" && open ? `${t.alerts.views.open} ${open}` : t.alerts.views[value],
              }))}
            />
            {chips.map((each) => {
              const count = view === "open" ? stats?.[each] : undefined;
              if (severity !== each && (view === "open" ? !count : each === "stale")) return null;
              const { shape, tone } = looks[each];
              return (
                <Chip key={each} count={count} pressed={severity === each} onPress={(on) => setUrl({ severity: on ? each : undefined })}>
                  <Mark shape={shape} tone={tone} />
                  {each === "stale" ? t.alerts.stale : t.alerts.severities[each]}
                </Chip>
              );
            })}
            <span className="flex-1 max-md:hidden" />
            <FilterInput label={t.alerts.filter} value={q} onChange={(text) => setUrl({ q: text })} />
          </div>
          <main className="list" id="content">
            {list.error && <ProblemPage error={list.error} title={t.alerts.loadFailed} onRetry={list.retry} />}
            {list.loading && <Skeleton label={t.ui.loading} />}
            {!list.error && !list.loading && list.rows.length === 0 && (
              <Nothing
                view={view}
                filtered={filtered}
                onClear={() => setUrl({ severity: undefined, q: undefined, server: undefined })}
              />
            )}
            {list.rows.length > 0 && (
              <Table
                label={t.alerts.title}
                columns={defs}
                rows={list.rows}
                id={(alert) => alert.id}
                name={(alert) => alert.title}
                {...(view !== "resolved" && { selected, onSelect: setSelected })}
                active={id}
                group={group}
                onEnd={list.more}
              />
            )}
          </main>
        </div>
        {id && <AlertPanel key={id} id={id} rules={rules} onClose={close} />}
      </div>
      <AlertsBulk alerts={chosen} onDone={() => setSelected(new Set())} />
    </Page>
  );
}
