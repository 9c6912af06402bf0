import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";

import { t } from "../locales";
import { IconButton } from "./Button";

interface PanelProps {
  /** What it shows, spoken. */
  label: string;
  /** Left of the close button: badge and how long. */
  head?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}

/** One thing of a list beside it: `<div className="split"><main/><Panel/></div>`. Escape closes it. */
export function Panel({ label, head, onClose, children }: PanelProps) {
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    // On narrow screens it lies over the list, so the keyboard has to follow.
    ref.current?.focus({ preventScroll: true });
  }, [label]);
  return (
    <aside
      ref={ref}
      tabIndex={-1}
      className="panel outline-none"
      aria-label={label}
      onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && onClose()}
    >
      <div className="row mb-3">
        {head}
        <IconButton className="ml-auto" size="small" label={t.ui.close} onClick={onClose}>
          <X className="icon" />
        </IconButton>
      </div>
      {children}
    </aside>
  );
}
