import { ChevronDown } from "lucide-react";

import { request } from "../../api/client";
import { refresh } from "../../api/list";
import { toastProblem } from "../../layout/Problem";
import { minutesOf, spans } from "../../layout/SpanSelect";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Menu, MenuItem } from "../../ui/Menu";
import { toast } from "../../ui/Toast";

async function told(title: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
    toast({ title });
  } catch (error) {
    toastProblem(t.alerts.failed, error);
  }
  await refresh("alerts");
}

/** Says that somebody looks after them. */
export const acknowledge = (ids: string[]): Promise<void> =>
  told(t.alerts.acknowledged(ids.length), () =>
    request.POST("/api/v1/alerts/acknowledge", { body: { ids } }),
  );

/** Says that nobody does any more. */
export const unacknowledge = (id: string): Promise<void> =>
  told(t.alerts.unacknowledged, () =>
    request.POST("/api/v1/alerts/{id}/unacknowledge", { params: { path: { id } } }),
  );

/** Ends them by hand. */
export const resolve = (ids: string[]): Promise<void> =>
  told(t.alerts.resolved(ids.length), () => request.POST("/api/v1/alerts/resolve", { body: { ids } }));

const snooze = (ids: string[], minutes: number) =>
  told(t.alerts.snoozed(ids.length), () => request.POST("/api/v1/alerts/snooze", { body: { ids, minutes } }));

interface SnoozeProps {
  ids: string[];
  onDone?: () => void;
  size?: "small" | "normal";
}

/** Keeps them quiet for a while. */
export function SnoozeMenu({ ids, onDone, size = "normal" }: SnoozeProps) {
  return (
    <Menu
      align="start"
      side={size === "small" ? "top" : "bottom"}
      trigger={
        <Button size={size}>
          {t.alerts.snooze}
          <ChevronDown className="icon" aria-hidden="true" />
        </Button>
      }
    >
      {spans.map((span) => (
        <MenuItem key={span} onSelect={() => void snooze(ids, minutesOf(span)).then(onDone)}>
          {t.alerts.spans[span]}
        </MenuItem>
      ))}
    </Menu>
  );
}
