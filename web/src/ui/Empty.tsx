import type { ReactNode } from "react";

interface EmptyProps {
  icon?: ReactNode;
  title: ReactNode;
  /** One sentence that teaches. */
  children?: ReactNode;
  /** One button. */
  action?: ReactNode;
  /** One example, or the code of an error. */
  hint?: ReactNode;
  alert?: boolean;
}

/** What stands where nothing is yet. */
export function Empty({ icon, title, children, action, hint, alert }: EmptyProps) {
  return (
    <div className="empty" role={alert ? "alert" : undefined}>
      {icon}
      <p className="font-medium">{title}</p>
      {children && <p className="text-muted">{children}</p>}
      {action && <div className="row">{action}</div>}
      {hint && <div className="text-sm text-faint">{hint}</div>}
    </div>
  );
}

const widths = ["w-3/5", "w-2/5", "w-1/2", "w-3/5", "w-2/5"];

/** Lines in the shape of what comes; seen only when it takes more than 300 ms. */
export function Skeleton({ lines = 5, label }: { lines?: number; label: string }) {
  return (
    <div className="late" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className="flex h-9 items-center border-b border-line">
          <span className={`bone ${widths[i % widths.length]}`} />
        </div>
      ))}
    </div>
  );
}
