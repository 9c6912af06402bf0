import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

import { Lone } from "../../layout/Lone";
import { t } from "../../locales";
import { b } from "../../locales/backup";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { bytes } from "../../ui/format";
import { Progress } from "../../ui/Meter";
import type { RescueState } from "./answers";

const words = b.rescue;

interface RescueProgressProps {
  state: RescueState;
  /** The moment that is restored, if this page chose it. */
  moment?: string | undefined;
  onAgain?: () => void;
}

function Running({ state: { done_bytes: done, total_bytes: total } }: { state: RescueState }) {
  return (
    <div className="grid gap-2">
      <span className="text-muted" role="status">
        {total > 0 ? words.of(bytes(done), bytes(total)) : words.preparing}
      </span>
      <Progress done={done} total={total} label={words.running} />
    </div>
  );
}

/** A restore on this box, as it goes on. */
export function RescueProgress({ state, moment, onAgain }: RescueProgressProps) {
  const router = useRouter();
  const restarting = state.state === "restarting";
  useEffect(() => void import("../../layout/RestartingPage"), []); // it could not be fetched from what restarts
  useEffect(() => {
    if (restarting) void router.navigate({ href: paths.restarting(moment), replace: true });
  }, [restarting, moment, router]);
  const failed = state.state === "failed";
  return (
    <Lone page={t.auth.setup.page} title={words.running} lead={failed ? undefined : words.runningLead}>
      {failed ? (
        <>
          <Banner look="failed" title={words.failed}>
            {state.error} <code className="text-sm text-faint">{state.code}</code>
          </Banner>
          <Button kind="primary" size="large" onClick={onAgain}>
            {words.again}
          </Button>
        </>
      ) : (
        <Running state={state} />
      )}
    </Lone>
  );
}
