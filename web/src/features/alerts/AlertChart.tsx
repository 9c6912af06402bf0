import { useMemo } from "react";

import { useHistory } from "../../api/history";
import type { Alert, Threshold } from "../../api/types";
import { amount, unitOf } from "../../layout/threshold";
import { t } from "../../locales";
import { Chart, type ChartMark } from "../../ui/Chart";
import { needed, watched } from "./measure";
import { about } from "./order";
import type { Rules } from "./queries";

const hour = 3_600_000;
const week = 168 * hour;

/** How far back the chart of an alert reaches: an hour before it began. */
function spanOf(started: string, resolved: string | null): number | { from: number; to: number } {
  const start = Date.parse(started) - hour;
  if (!resolved) return Math.min(week, Math.ceil((Date.now() - start) / hour) * hour);
  const to = Math.min(Date.now(), Date.parse(resolved) + hour / 2);
  return { from: Math.max(start, to - week), to };
}

interface AlertChartProps {
  alert: Alert;
  threshold: Threshold;
  rules: Rules;
}

/** The value that raised the alert, with its limit and when it fired. */
export function AlertChart({ alert, threshold, rules }: AlertChartProps) {
  const { metric, value, severity } = threshold;
  const { started_at, resolved_at } = alert;
  // The span is chosen once an alert: a moving one moves by itself.
  const span = useMemo(() => spanOf(started_at, resolved_at), [started_at, resolved_at]);
  const names = useMemo(() => needed(metric), [metric]);
  const { series, shown, step } = useHistory({
    server: about(alert),
    of: alert.cluster_id ? "clusters" : "servers",
    metrics: names,
    span,
  });
  const points = useMemo(() => watched(metric, alert.labels, series), [metric, alert.labels, series]);
  const unit = unitOf(metric, rules.metrics);
  const format = (figure: number) => amount(figure, unit);
  const marks: ChartMark[] = [];
  if (alert.fired_at)
    marks.push({ at: Date.parse(alert.fired_at), look: severity, title: t.alerts.states.firing });
  if (resolved_at)
    marks.push({ at: Date.parse(resolved_at), look: "resolved", title: t.alerts.states.resolved });
  const title = rules.metrics.find((each) => each.metric === metric)?.title ?? metric;
  const [first] = points;
  if (!first) return null;
  // Before there were samples there is nothing to see.
  const from = Math.min(Math.max(shown.from, first[0]), shown.to - hour / 6);
  return (
    <div className="mt-5 mb-3">
      <Chart
        title={title}
        series={[{ label: title, points }]}
        from={from}
        to={shown.to}
        format={format}
        {...(unit === "B" && { base: 1024 as const })}
        limits={[{ value, look: severity, label: t.alerts.limit(format(value)) }]}
        marks={marks}
        gap={Math.max(step * 3, 90) * 1000}
        sync="alert"
      />
    </div>
  );
}
