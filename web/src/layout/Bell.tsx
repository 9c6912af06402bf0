import { Link } from "@tanstack/react-router";
import { Bell as BellIcon } from "lucide-react";

import { t } from "../locales";
import { paths } from "../paths";
import { buttonClass } from "../ui/Button";
import { useDashboard } from "./Shell";

/** Open alerts, from everywhere. */
export function Bell() {
  const firing = useDashboard().data?.alerts.firing ?? 0;
  const label = firing > 0 ? t.layout.bell(firing) : t.layout.noAlerts;
  return (
    <Link
      className={`${buttonClass({ kind: "quiet" })} bell`}
      to={paths.alerts()}
      aria-label={label}
      title={label}
    >
      <BellIcon className="icon" aria-hidden="true" />
      {firing > 0 && <b>{firing}</b>}
    </Link>
  );
}
