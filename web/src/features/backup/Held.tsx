import { useState } from "react";

import { api } from "../../api/client";
import { refresh } from "../../api/list";
import type { BackupState } from "./types";
import { FormProblem } from "../../layout/FormProblem";
import { b } from "../../locales/backup";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { exact } from "../../ui/format";
import { toast } from "../../ui/Toast";
import { useKeeper } from "./queries";

const words = b.held;

function Release({ onClose }: { onClose: () => void }) {
  const release = api.useMutation("post", "/api/v1/backup/release", {
    onSuccess: () => {
      toast({ look: "done", title: words.done });
      onClose();
      return Promise.all(["backup", "alerts", "jobs"].map((kind) => refresh(kind)));
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => release.mutate({})}
      title={words.confirm}
      lead={words.lead}
      action={words.action}
      busy={release.isPending}
    >
      <p className="text-muted">{words.keep}</p>
      <FormProblem error={release.error} />
    </Confirm>
  );
}

/** Says after a restore that nothing goes out, and lets it go out again. */
export function Held({ state }: { state: BackupState }) {
  const [asking, setAsking] = useState(false);
  const keeper = useKeeper();
  if (!state.held_at) return null;
  return (
    <>
      <Banner
        look="warning"
        className="mb-4"
        title={state.restored ? words.title(exact(state.restored.moment)) : words.titleBare}
        action={
          keeper && (
            <Button size="small" onClick={() => setAsking(true)}>
              {words.action}
            </Button>
          )
        }
      >
        {words.body}
      </Banner>
      {asking && <Release onClose={() => setAsking(false)} />}
    </>
  );
}
