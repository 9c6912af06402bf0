import clsx from "clsx";
import type { ReactNode } from "react";

import { type Look, Mark } from "./mark";

interface MeterProps {
  /** 0 to 1. */
  ratio: number;
  tone?: "warn" | "critical" | "accent" | undefined;
  wide?: boolean;
  /** Spoken; without it the meter is decoration beside its number. */
  label?: string;
}

/** How full: grey until a limit is passed. */
export function Meter({ ratio, tone, wide, label }: MeterProps) {
  const width = `${Math.min(100, Math.max(0, ratio * 100))}%`;
  return (
    <svg
      className={clsx("meter", tone, wide && "wide")}
      {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}
    >
      <rect className="track" width="100%" height="100%" />
      <rect className="fill" width={width} height="100%" />
    </svg>
  );
}

interface ReadingProps {
  children: ReactNode;
  /** Draws a meter after the number. */
  ratio?: number | null | undefined;
  className?: string | undefined;
  /** A limit is passed: the shape and the colour of its severity. */
  over?: Look | undefined;
}

/** A number, and how full it is. */
export function Reading({ children, ratio, className, over }: ReadingProps) {
  const tone = over?.tone === "warn" || over?.tone === "critical" ? over.tone : undefined;
  return (
    <span className={clsx("reading", tone, className)}>
      {over && <Mark shape={over.shape} tone={over.tone} />}
      <span>{children}</span>
      {ratio != null && <Meter ratio={ratio} tone={tone} />}
    </span>
  );
}

interface ProgressProps {
  done: number;
  total: number;
  label: string;
}

/** How far a job is. */
export function Progress({ done, total, label }: ProgressProps) {
  const ratio = total > 0 ? done / total : 0;
  return (
    <div role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={total} aria-valuenow={done}>
      <Meter ratio={ratio} tone="accent" wide />
    </div>
  );
}
