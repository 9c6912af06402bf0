import clsx from "clsx";

import { sparkPath, type Point } from "./series";

interface SparklineProps {
  points: readonly Point[];
  /** The least top of the scale; without it a little above the highest value. */
  max?: number | undefined;
  /** Blue with a flat fill: the machine this runs on. */
  lead?: boolean;
  tone?: "warn" | "critical" | undefined;
  /** The span of time drawn, unix ms; without it from the first point to the last. */
  from?: number;
  to?: number;
}

/** A line without axes beside its number, which says the same. */
export function Sparkline({ points, max, lead, tone, from, to }: SparklineProps) {
  const { line, area } = sparkPath(points, { max, from, to });
  return (
    <svg
      className={clsx("spark", lead && "lead", tone)}
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {lead && <path className="area" d={area} />}
      <path d={line} />
    </svg>
  );
}
