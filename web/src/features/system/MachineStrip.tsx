import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import { api, queries } from "../../api/client";
import { type History, useHistory } from "../../api/history";
import { useMay } from "../../api/may";
import { useReadings } from "../../api/readings";
import type { Server } from "../../api/types";
import { toastProblem } from "../../layout/Problem";
import { ServerStatus } from "../../layout/ServerCells";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import {
  bytes,
  bytesFigure,
  celsiusFigure,
  duration,
  type Figure,
  number,
  percentFigure,
  rateFigure,
} from "../../ui/format";
import { rates, type Point } from "../../ui/series";
import { Sparkline } from "../../ui/Sparkline";

const metrics = [
  "node_cpu_usage_ratio",
  "node_memory_used_bytes",
  "node_disk_used_bytes",
  "node_network_receive_bytes_total",
  "node_temperature_celsius",
  "node_load1",
];
const hour = 3_600_000;

function points(series: readonly History[], metric: string, label?: [string, string]): readonly Point[] {
  const found = series.find(
    (each) => each.metric === metric && (!label || each.labels[label[0]] === label[1]),
  );
  return found?.points ?? [];
}

/** The sum of several counters as one rate: what all interfaces together bring. */
function traffic(series: readonly History[]): Point[] {
  const sum = new Map<number, number>();
  for (const { metric, points: counted } of series) {
    if (metric !== "node_network_receive_bytes_total") continue;
    for (const [at, value] of rates(counted)) sum.set(at, (sum.get(at) ?? 0) + value);
  }
  return [...sum].sort(([a], [b]) => a - b);
}

interface FigureProps {
  title: string;
  figure: Figure;
  points: readonly Point[];
  max?: number | undefined;
  from: number;
  to: number;
}

function FigureBox({ title, figure, points: drawn, max, from, to }: FigureProps) {
  return (
    <div className="figure">
      <span className="clip block text-sm text-muted">{title}</span>
      <span className="value block">
        {figure.value}
        <small>{figure.unit}</small>
      </span>
      <Sparkline lead points={drawn} max={max} from={from} to={to} />
    </div>
  );
}

function About({ server, version }: { server: Server; version: string }) {
  const { os, cpu_model, memory_bytes, boot_at } = server.facts;
  const up = boot_at ? duration((Date.now() - Date.parse(boot_at)) / 1000) : undefined;
  const what = [os, cpu_model, memory_bytes > 0 ? bytes(memory_bytes) : ""].filter(Boolean).join(" · ");
  return (
    <div>
      <span className="row">
        <Link className="clip font-medium hover:underline" to={paths.server(server.id)} title={server.name}>
          {server.name}
        </Link>
        <ServerStatus server={server} />
      </span>
      <p className="clip text-sm text-muted">
        {[t.system.thisMachine, up && t.servers.upFor(up)].filter(Boolean).join(" · ")}
      </p>
      <p className="clip text-sm text-faint" title={what}>
        {what}
      </p>
      {version && <p className="text-sm text-faint">{t.system.version(version)}</p>}
    </div>
  );
}

function Strip({ server, version }: { server: Server; version: string }) {
  const now = useReadings(server);
  const { series, shown } = useHistory({
    server: server.id,
    metrics,
    span: hour,
    since: Date.parse(server.created_at),
  });
  const received = useMemo(() => traffic(series), [series]);
  const heat = useMemo(() => hottest(series), [series]);
  const mount = now.disk_mount || "/";
  const rate = received[received.length - 1]?.[1] ?? now.network_receive_bytes_s;
  const memory = server.facts.memory_bytes || undefined;
  return (
    <section className="section" aria-label={t.system.thisMachine}>
      <div className="box strip">
        <About server={server} version={version} />
        <FigureBox
          {...shown}
          title={t.system.figures.cpu}
          figure={percentFigure(now.cpu_ratio)}
          points={points(series, "node_cpu_usage_ratio")}
          max={0.5}
        />
        <FigureBox
          {...shown}
          title={t.system.figures.memory}
          figure={bytesFigure(now.memory_used_bytes)}
          points={points(series, "node_memory_used_bytes")}
          max={memory}
        />
        <FigureBox
          {...shown}
          title={t.system.figures.disk(mount)}
          figure={percentFigure(now.disk_ratio)}
          points={points(series, "node_disk_used_bytes", ["mountpoint", mount])}
        />
        <FigureBox {...shown} title={t.system.figures.network} figure={rateFigure(rate)} points={received} />
        <FigureBox
          {...shown}
          title={t.system.figures.temperature}
          figure={celsiusFigure(now.temperature_c)}
          points={heat}
          max={100}
        />
        <FigureBox
          {...shown}
          title={t.system.figures.load}
          figure={{ value: number(now.load1), unit: "" }}
          points={points(series, "node_load1")}
        />
      </div>
    </section>
  );
}

function hottest(series: readonly History[]): readonly Point[] {
  const last = ({ points: all }: History) => all[all.length - 1]?.[1] ?? 0;
  const sensors = series.filter(({ metric }) => metric === "node_temperature_celsius");
  return (
    sensors.reduce<History | undefined>((a, b) => (a && last(a) >= last(b) ? a : b), undefined)?.points ?? []
  );
}

function Unwatched() {
  const add = api.useMutation("post", "/api/v1/servers/local", {
    onSuccess: () => void queries.invalidateQueries(),
    onError: (error) => toastProblem(t.system.watchFailed, error),
  });
  if (!useMay("servers.write")) return null;
  return (
    <section className="section" aria-label={t.system.thisMachine}>
      <Banner
        look="unknown"
        title={t.system.watchTitle}
        action={
          <Button size="small" busy={add.isPending} onClick={() => add.mutate({})}>
            {t.system.watch}
          </Button>
        }
      >
        {t.system.watchWhy}
      </Banner>
    </section>
  );
}

/** The machine Unity runs on: six figures, live. */
export function MachineStrip({ id }: { id: string | null | undefined }) {
  const server = api.useQuery(
    "get",
    "/api/v1/servers/{id}",
    { params: { path: { id: id ?? "" } } },
    { enabled: Boolean(id) },
  );
  const version = api.useQuery("get", "/api/v1/system", {}, { retry: false }).data?.version ?? "";
  if (id === undefined) return <div className="section box h-26" />;
  if (!id) return <Unwatched />;
  return server.data ? (
    <Strip server={server.data} version={version} />
  ) : (
    <div className="section box h-26" />
  );
}
