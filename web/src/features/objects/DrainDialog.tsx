import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { Job } from "../../api/job";
import { ProblemBanner } from "../../layout/Problem";
import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { Confirm } from "../../ui/Dialog";
import { Checkbox } from "../../ui/Field";
import { Mark } from "../../ui/mark";
import { toast } from "../../ui/Toast";
import { act } from "./changes";
import type { Place } from "./types";

/** Empties a node: a job, which goes on when the page is left. */
export function DrainDialog({ place, onClose }: { place: Place; onClose: () => void }) {
  const [unmanaged, setUnmanaged] = useState(false);
  const [emptyDir, setEmptyDir] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  async function drain(): Promise<void> {
    setBusy(true);
    try {
      const job = await act<Job>(place, "drain", { delete_unmanaged: unmanaged, delete_emptydir: emptyDir });
      toast({
        title: o.acts.drain.done(place.name),
        action: (
          <Link className="btn small" to={paths.job(job.id)}>
            {o.acts.drain.show}
          </Link>
        ),
      });
      onClose();
    } catch (problem) {
      setFailed(problem);
    } finally {
      setBusy(false);
    }
  }
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => void drain()}
      title={o.acts.drain.title(place.name)}
      lead={o.acts.drain.lead}
      action={`${o.acts.drain.label} ${place.name}`}
      typed={place.name}
      busy={busy}
    >
      <ul className="steps">
        <li>
          <Mark shape="cross" tone="critical" />
          {o.acts.drain.evicts}
        </li>
        <li>
          <Mark shape="check" tone="ok" />
          {o.acts.drain.respects}
        </li>
      </ul>
      <Checkbox
        label={o.acts.drain.unmanaged}
        help={o.acts.drain.unmanagedHelp}
        checked={unmanaged}
        onChange={(event) => setUnmanaged(event.target.checked)}
      />
      <Checkbox
        label={o.acts.drain.emptyDir}
        help={o.acts.drain.emptyDirHelp}
        checked={emptyDir}
        onChange={(event) => setEmptyDir(event.target.checked)}
      />
      {failed !== undefined && <ProblemBanner error={failed} />}
    </Confirm>
  );
}
