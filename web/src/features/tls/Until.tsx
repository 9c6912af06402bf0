import { useCallback } from "react";

import { t } from "../../locales";
import { c } from "../../locales/tls";
import { duration, exact } from "../../ui/format";
import { useTicking } from "../../ui/Time";

interface UntilProps {
  at: string;
  /** Said once it is past, instead of how long ago it was. */
  past?: string;
  className?: string;
}

/** How long until then, or how long ago it was, with the exact time on hover. */
export function Until({ at, past, className }: UntilProps) {
  const text = useTicking(
    useCallback(
      (now) => {
        const seconds = (Date.parse(at) - now) / 1000;
        return seconds > 0 ? c.in(duration(seconds)) : (past ?? t.ui.ago(duration(-seconds)));
      },
      [at, past],
    ),
  );
  return (
    <time className={className} dateTime={at} title={exact(at)}>
      {text}
    </time>
  );
}
