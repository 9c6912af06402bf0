import { useCallback } from "react";

import { t } from "../../locales";
import { c } from "../../locales/tls";
import { duration, exact } from "../../ui/format";
import { useTicking } from "../../ui/Time";

/** How long until then, or how long ago it was, with the exact time on hover. */
export function Until({ at, className }: { at: string; className?: string }) {
  const text = useTicking(
    useCallback(
      (now) => {
        const seconds = (Date.parse(at) - now) / 1000;
        return seconds > 0 ? c.in(duration(seconds)) : t.ui.ago(duration(-seconds));
      },
      [at],
    ),
  );
  return (
    <time className={className} dateTime={at} title={exact(at)}>
      {text}
    </time>
  );
}
