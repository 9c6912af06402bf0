import { useState } from "react";

import { Chart } from "../Chart";
import { Section } from "../Facts";
import { bytesAxis, celsius, percent, rate } from "../format";
import type { Point } from "../series";
import { Sparkline } from "../Sparkline";

const end = Date.now();
const begin = end - 3_600_000;

function wave(base: number, size: number, speed: number, gap = true): Point[] {
  const out: Point[] = [];
  for (let at = begin, i = 0; at <= end; at += 30_000, i++) {
    if (gap && i > 43 && i < 55) continue;
    const peak = i > 70 && i < 80 ? size * 4 : 0;
    out.push([at, Math.max(0, base + size * Math.sin(i / speed) + (size / 2) * Math.sin(i * 1.7) + peak)]);
  }
  return out;
}

const cpu = wave(0.15, 0.07, 5);
const used = wave(0.68, 0.01, 9);
const cache = wave(0.45, 0.01, 12);
const received = wave(40e6, 30e6, 6);
const sent = wave(8e6, 5e6, 8);
const marks = [
  { at: begin + 900_000, look: "untrusted" as const, title: "host key accepted" },
  { at: begin + 2_600_000, look: "warning" as const, title: "CPU over 90 %" },
];

/** Charts with limits, marks and a gap; they share one cursor. */
export function Charts() {
  const [range, setRange] = useState<[number, number]>([begin, end]);
  const shared = {
    from: range[0],
    to: range[1],
    gap: 90_000,
    sync: "kit",
    marks,
    onZoom: (from: number, to: number) => setRange([from, to]),
  };
  return (
    <Section
      className="mt-8"
      title="Charts"
      end={
        <button type="button" className="btn small" onClick={() => setRange([begin, end])}>
          Show all
        </button>
      }
    >
      <div className="charts">
        <Chart
          {...shared}
          title="CPU"
          series={[{ label: "", points: cpu }]}
          max={1}
          format={percent}
          limits={[{ value: 0.9, look: "critical", label: "90 %" }]}
        />
        <Chart
          {...shared}
          title="Memory"
          series={[
            { label: "used", points: used },
            { label: "cache", points: cache },
          ]}
          max={1}
          format={percent}
          limits={[{ value: 0.85, look: "warning", label: "85 %" }]}
        />
        <Chart
          {...shared}
          title="Temperature"
          series={[{ label: "CPU", points: wave(44, 3, 8) }]}
          format={celsius}
          limits={[
            { value: 70, look: "warning", label: "70 °C" },
            { value: 85, look: "critical", label: "85 °C" },
          ]}
        />
        <Chart
          {...shared}
          title="Network"
          series={[
            { label: "in", points: received },
            { label: "out", points: sent },
          ]}
          base={1024}
          format={rate}
          axis={bytesAxis}
        />
      </div>
      <div className="mt-6 flex flex-wrap gap-6">
        <Sparkline points={cpu} max={1} />
        <Sparkline points={cpu} lead />
        <Sparkline points={cpu} tone="warn" />
        <Sparkline points={cpu} tone="critical" />
        <Sparkline points={[]} />
      </div>
    </Section>
  );
}
