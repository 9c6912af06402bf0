import { Link, useParams, useRouter } from "@tanstack/react-router";
import { BellRing } from "lucide-react";
import { useEffect, useMemo, useState } from "react";

import { useList } from "../../api/list";
import { useMay } from "../../api/may";
import type { Alert } from "../../api/types";
import { Loaded } from "../../layout/Loaded";
import { Page } from "../../layout/Page";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Table } from "../../ui/Table";
import { AboutLink } from "./AboutLink";
import { AlertPanel } from "./AlertPanel";
import { AlertsBulk } from "./AlertsBulk";
import { AlertsFilters, type Filter, views } from "./AlertsFilters";
import { columns } from "./columns";
import { about, byTarget, count, kinds, only } from "./order";
import { useRules } from "./queries";

const readFilter = (url: URLSearchParams): Filter => ({
  view: views.find((each) => each === url.get("state")) ?? "open",
  kind: kinds.find((each) => each === url.get("severity")),
  q: url.get("q") ?? "",
  server: url.get("server") ?? "",
});

// What is open is fetched whole, so that it can be counted and grouped; what was is narrowed by the server.
function useAlerts({ view, kind, q, server }: Filter) {
  const whole = view === "open";
  const list = useList<Alert>("/api/v1/alerts", {
    state: view,
    severity: whole || kind === "stale" ? undefined : kind,
    q: q || undefined,
    server: server || undefined,
  });
  const { rows, more } = list;
  useEffect(() => {
    if (whole) more?.();
  }, [whole, more]);
  const counts = useMemo(() => (whole ? count(rows) : undefined), [rows, whole]);
  const shown = useMemo(() => (whole ? byTarget(only(rows, kind)) : rows), [rows, kind, whole]);
  return { ...list, rows: shown, counts };
}

function useGroup(rows: readonly Alert[], on: boolean) {
  return useMemo(() => {
    if (!on) return undefined;
    const counts = new Map<string, number>();
    for (const alert of rows) counts.set(about(alert), (counts.get(about(alert)) ?? 0) + 1);
    return (alert: Alert) => ({
      key: about(alert),
      head: (
        <span className="row">
          {about(alert) ? <AboutLink className="clip hover:underline" alert={alert} /> : t.alerts.appliance}
          <span className="text-faint">{counts.get(about(alert))}</span>
        </span>
      ),
    });
  }, [rows, on]);
}

function Nothing({ filter, onClear }: { filter: Filter; onClear: () => void }) {
  if (filter.kind || filter.q || filter.server)
    return <Empty title={t.alerts.none} action={<Button onClick={onClear}>{t.alerts.clear}</Button>} />;
  if (filter.view === "resolved") return <Empty title={t.alerts.noneResolved} />;
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
  const may = useMay("alerts.write");
  const filter = readFilter(url);
  const rules = useRules();
  const list = useAlerts(filter);
  const grouped = filter.view === "open";
  const group = useGroup(list.rows, grouped);
  const defs = useMemo(() => columns(rules, grouped), [rules, grouped]);
  const none = () => setSelected(new Set());
  const close = () => {
    void router.navigate({ href: paths.alerts() + router.history.location.search });
    document.querySelector<HTMLElement>(`[data-alert="${id}"]`)?.focus();
  };
  return (
    <Page bare title={t.alerts.title}>
      <div className="split">
        <div className="min-w-0">
          <AlertsFilters
            filter={filter}
            counts={list.counts}
            onChange={(change) => {
              none();
              setUrl(change);
            }}
          />
          <main className="list" id="content">
            <Loaded of={list} failed={t.alerts.loadFailed}>
              {list.rows.length === 0 ? (
                <Nothing
                  filter={filter}
                  onClear={() => setUrl({ severity: undefined, q: undefined, server: undefined })}
                />
              ) : (
                <Table
                  label={t.alerts.title}
                  columns={defs}
                  rows={list.rows}
                  id={(alert) => alert.id}
                  name={(alert) => alert.title}
                  {...(may && filter.view !== "resolved" && { selected, onSelect: setSelected })}
                  active={id}
                  group={group}
                  onEnd={list.more}
                />
              )}
            </Loaded>
          </main>
        </div>
        {id && <AlertPanel key={id} id={id} rules={rules} onClose={close} />}
      </div>
      <AlertsBulk alerts={list.rows.filter((alert) => selected.has(alert.id))} onDone={none} />
    </Page>
  );
}
