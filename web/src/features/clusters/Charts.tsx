import type { History, Span } from "../../api/history";
import { k } from "../../locales/clusters";
import { Chart, type ChartSeries } from "../../ui/Chart";
import { bytes, bytesAxis, milliseconds, number } from "../../ui/format";
import { plain, pods } from "./measures";

const words = k.charts;

interface Plot {
  title: string;
  series: ChartSeries[];
  format: (value: number) => string;
  axis?: (value: number) => string;
  base?: 1000 | 1024;
}

const shares = (all: readonly History[], of: string, unit: string): ChartSeries[] =>
  (["used", "requested", "allocatable"] as const)
    .map((each) => ({ label: words[each], points: plain(all, `kube_${of}_${each}_${unit}`) }))
    .filter(({ points }) => points.length > 0);

function plots(all: readonly History[]): Plot[] {
  const list: Plot[] = [
    { title: words.cpu, series: shares(all, "cpu", "cores"), format: k.capacity.cores, axis: number },
    {
      title: words.memory,
      series: shares(all, "memory", "bytes"),
      format: bytes,
      axis: bytesAxis,
      base: 1024,
    },
    { title: words.pods, series: pods(all, words.statuses), format: number },
    {
      title: words.latency,
      series: [{ label: "", points: plain(all, "kube_api_latency_seconds") }],
      format: (seconds) => milliseconds(seconds * 1000),
    },
  ];
  return list.filter(({ series }) => series.some(({ points }) => points.length > 0));
}

interface ChartsProps {
  cluster: string;
  series: readonly History[];
  shown: Span;
  step: number;
}

/** What the cluster took and gave over time. */
export function Charts({ cluster, series, shown, step }: ChartsProps) {
  const gap = Math.max(step * 3, 120) * 1000; // it is measured every half minute
  return (
    <div className="charts">
      {plots(series).map((plot) => (
        <Chart key={plot.title} {...plot} from={shown.from} to={shown.to} gap={gap} sync={cluster} />
      ))}
    </div>
  );
}
