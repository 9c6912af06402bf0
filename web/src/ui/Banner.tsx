import clsx from "clsx";
import type { ReactNode } from "react";

import { type Look, looks, Mark, type State } from "./mark";

interface BannerProps {
  look: State | Look;
  /** One sentence: what. */
  title: ReactNode;
  /** Why, and what next. */
  children?: ReactNode;
  /** One action. */
  action?: ReactNode;
  className?: string | undefined;
}

/** One sentence above the page about what is wrong with all of it. */
export function Banner({ look, title, children, action, className }: BannerProps) {
  const { shape, tone } = typeof look === "string" ? looks[look] : look;
  return (
    <div className={clsx("banner", tone, className)} role={tone === "critical" ? "alert" : "status"}>
      <Mark shape={shape} tone={tone} />
      <div className="min-w-0 flex-1">
        <span className="font-medium">{title}</span>
        {children && <span className="text-muted"> {children}</span>}
      </div>
      {action}
    </div>
  );
}
