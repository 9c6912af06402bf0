import { t } from "../../locales";

/** Between one way and the others. */
export function Or() {
  return (
    <div className="row gap-3 text-sm text-faint">
      <span className="h-px flex-1 bg-line" />
      {t.auth.or}
      <span className="h-px flex-1 bg-line" />
    </div>
  );
}
