import type { Alert } from "../../api/types";
import { t } from "../../locales";
import { BulkBar } from "../../ui/BulkBar";
import { Button } from "../../ui/Button";
import { acknowledge, resolve, SnoozeMenu } from "./acts";

/** What can be done with several alerts at once. */
export function AlertsBulk({ alerts, onDone }: { alerts: readonly Alert[]; onDone: () => void }) {
  const ids = alerts.filter((alert) => alert.state !== "resolved").map((alert) => alert.id);
  return (
    <BulkBar count={ids.length} onClear={onDone}>
      <Button size="small" onClick={() => void acknowledge(ids).then(onDone)}>
        {t.alerts.acknowledge}
      </Button>
      <SnoozeMenu size="small" ids={ids} onDone={onDone} />
      <Button size="small" onClick={() => void resolve(ids).then(onDone)}>
        {t.alerts.resolve}
      </Button>
    </BulkBar>
  );
}
