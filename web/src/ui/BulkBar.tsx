import { X } from "lucide-react";
import type { ReactNode } from "react";

import { t } from "../locales";
import { IconButton } from "./Button";

interface BulkBarProps {
  count: number;
  onClear: () => void;
  children: ReactNode;
}

/** What can be done with everything that is selected. */
export function BulkBar({ count, onClear, children }: BulkBarProps) {
  if (count === 0) return null;
  return (
    <div className="bulk" role="toolbar" aria-label={t.ui.selected(count)}>
      <span className="font-strong max-md:flex-1" aria-live="polite">
        {t.ui.selected(count)}
      </span>
      <span className="sep max-md:hidden" />
      {children}
      <span className="sep" />
      <IconButton size="small" label={t.manage.bulk.clear} onClick={onClear}>
        <X className="icon" />
      </IconButton>
    </div>
  );
}
