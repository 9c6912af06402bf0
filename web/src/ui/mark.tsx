import clsx from "clsx";
import type { ReactNode, SVGProps } from "react";

/** The colour of a status; never without a shape. */
type Tone = "ok" | "warn" | "critical" | "info" | "stale" | "none";

/** The shape of a status; readable without colour. */
type Shape = "disc" | "triangle" | "diamond" | "cross" | "square" | "dashed" | "ring" | "half" | "check";

const ring = { cx: 6, cy: 6, r: 4.3, fill: "none", stroke: "currentColor" } as const;

const drawings: Record<Shape, ReactNode> = {
  disc: <circle cx="6" cy="6" r="4.25" fill="currentColor" />,
  triangle: <path d="M6 1.2 11.2 10.4H.8z" fill="currentColor" />,
  diamond: <path d="M6 .4 11.6 6 6 11.6.4 6z" fill="currentColor" />,
  cross: <path d="M2 2l8 8M10 2l-8 8" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />,
  square: (
    <rect
      x="1.8"
      y="1.8"
      width="8.4"
      height="8.4"
      rx="1.5"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
    />
  ),
  dashed: <circle {...ring} strokeWidth="1.7" strokeDasharray="2.4 2.1" />,
  ring: <circle {...ring} strokeWidth="1.5" />,
  half: (
    <>
      <circle {...ring} strokeWidth="1.5" />
      <path d="M6 3a3 3 0 0 1 0 6z" fill="currentColor" />
    </>
  ),
  check: (
    <path
      d="M2 6.4l2.8 2.8L10.2 3"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
};

interface MarkProps extends SVGProps<SVGSVGElement> {
  shape: Shape;
  tone?: Tone;
}

/** A shape alone: only beside or above its word. */
export function Mark({ shape, tone = "none", className, ...rest }: MarkProps) {
  return (
    <svg viewBox="0 0 12 12" className={clsx("mark", tone, className)} aria-hidden="true" {...rest}>
      {drawings[shape]}
    </svg>
  );
}

/** How one state looks: its shape and its colour. */
export interface Look {
  shape: Shape;
  tone: Tone;
}

/** The look of every state the product knows, by the word the API uses for it. */
export const looks = {
  up: { shape: "disc", tone: "ok" },
  ok: { shape: "disc", tone: "ok" },
  info: { shape: "square", tone: "info" },
  warning: { shape: "triangle", tone: "warn" },
  critical: { shape: "diamond", tone: "critical" },
  down: { shape: "cross", tone: "critical" },
  untrusted: { shape: "square", tone: "info" },
  stale: { shape: "dashed", tone: "stale" },
  unknown: { shape: "ring", tone: "none" },
  pending: { shape: "ring", tone: "none" },
  queued: { shape: "ring", tone: "none" },
  firing: { shape: "diamond", tone: "critical" },
  resolved: { shape: "check", tone: "ok" },
  running: { shape: "half", tone: "info" },
  done: { shape: "check", tone: "ok" },
  sent: { shape: "check", tone: "ok" },
  failed: { shape: "cross", tone: "critical" },
  cancelled: { shape: "dashed", tone: "stale" },
  interrupted: { shape: "dashed", tone: "stale" },
} as const satisfies Record<string, Look>;

/** A word that has a look. */
export type State = keyof typeof looks;

/** Shape and word on a line: rows, lists. */
export function Status({ look, children, className, title }: StatusProps) {
  const { shape, tone } = typeof look === "string" ? looks[look] : look;
  return (
    <span className={clsx("status", tone, className)} title={title}>
      <Mark shape={shape} tone={tone} />
      {children}
    </span>
  );
}

interface StatusProps {
  look: State | Look;
  children: ReactNode;
  className?: string | undefined;
  title?: string | undefined;
}

/** Shape and word in a box: only headers and panels. */
export function Badge({ look, children, className, title }: StatusProps) {
  const { shape, tone } = typeof look === "string" ? looks[look] : look;
  return (
    <span className={clsx("badge", tone, className)} title={title}>
      <Mark shape={shape} tone={tone} />
      {children}
    </span>
  );
}
