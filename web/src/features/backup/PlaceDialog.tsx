import { useState } from "react";

import { api, ifMatch } from "../../api/client";
import { toProblem } from "../../api/errors";
import type { ReplicaSettings } from "./types";
import { FormDialog } from "../../layout/FormDialog";
import { type PlaceForm, placeFieldNames, placeURL, toPlace, toPlaceForm } from "../../layout/place";
import { PlaceFields } from "../../layout/PlaceFields";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { b } from "../../locales/backup";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Input } from "../../ui/Field";
import { bytes } from "../../ui/format";
import { toast } from "../../ui/Toast";
import { refreshBackup } from "./queries";

const days = () => <span className="text-faint">{t.settings.units.days}</span>;

/** Whether a place works, tried from here. */
function Try({ place, target }: { place: PlaceForm; target: boolean }) {
  const attempt = api.useMutation("post", "/api/v1/backup/try");
  const [tried, setTried] = useState<PlaceForm>();
  const fresh = tried === place; // what was typed since was not tried
  const go = () => {
    setTried(place);
    attempt.mutate({ body: { place: toPlace(place), secret: place.secret, target } });
  };
  return (
    <>
      <div>
        <Button size="small" busy={attempt.isPending} disabled={!placeURL(place)} onClick={go}>
          {b.place.test}
        </Button>
      </div>
      {fresh && attempt.data && (
        <Banner look="ok" title={b.place.works}>
          {b.place.worksBody}
        </Banner>
      )}
      {fresh && attempt.error && <Tried error={attempt.error} />}
    </>
  );
}

/** What is wrong with a place; the sentences of its fields, too. */
function Tried({ error }: { error: unknown }) {
  const { fields } = toProblem(error);
  return (
    <>
      <ProblemBanner error={error} />
      {fields.length > 0 && (
        <ul className="grid gap-1 text-sm text-critical-text">
          {fields.map(({ field, message }) => (
            <li key={field}>{message}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function useSave(settings: ReplicaSettings, done: string, onClose: () => void) {
  const save = api.useMutation("patch", "/api/v1/backup/settings", {
    onSuccess: () => {
      toast({ look: "done", title: done });
      onClose();
      return refreshBackup();
    },
  });
  type Body = Parameters<typeof save.mutate>[0]["body"];
  const send = (body: Body) => save.mutate({ params: { header: ifMatch(settings.rev) }, body });
  return { save, send };
}

interface DialogProps {
  settings: ReplicaSettings;
  onClose: () => void;
}

interface ReplicaDialogProps extends DialogProps {
  /** The command line names the place. */
  fixed: boolean;
  /** What the replica will take with the retention of now; 0: not known. */
  expected: number;
}

/** Chooses where the replica is, and how long every moment is kept. */
export function ReplicaDialog({ settings, fixed, expected, onClose }: ReplicaDialogProps) {
  const words = b.where;
  const [place, setPlace] = useState(() => toPlaceForm(settings.replica, settings.replica_secret));
  const [keep, setKeep] = useState(settings.retention_days);
  const { save, send } = useSave(settings, fixed ? words.savedDays : words.saved, onClose);
  const problem = save.error ? toProblem(save.error) : undefined;
  const known = expected > 0 && keep > 0;
  return (
    <FormDialog
      wide
      title={words.dialog}
      lead={fixed ? undefined : words.dialogLead}
      submit={words.save}
      busy={save.isPending}
      error={save.error}
      fields={[...placeFieldNames("replica"), "retention_days"]}
      onSubmit={() =>
        send({
          retention_days: keep,
          ...(!fixed && { replica: toPlace(place), replica_secret: place.secret }),
        })
      }
      onReload={() => {
        void refreshBackup();
        onClose();
      }}
      onClose={onClose}
    >
      {fixed ? (
        <Banner look="info" title={words.fixed} />
      ) : (
        <>
          <PlaceFields of="replica" value={place} onChange={setPlace} problem={problem} />
          <Try place={place} target={false} />
        </>
      )}
      <Input
        type="number"
        min={1}
        max={365}
        required
        label={words.days}
        help={known ? words.cost(bytes((expected * keep) / settings.retention_days)) : words.daysHelp}
        error={problem?.field("retention_days")}
        end={days()}
        value={Number.isNaN(keep) ? "" : keep}
        onChange={(event) => setKeep(event.target.valueAsNumber)}
      />
    </FormDialog>
  );
}

/** Chooses a second place, how often a copy goes there, and how many stay. */
export function TargetDialog({ settings, onClose }: DialogProps) {
  const words = b.second;
  const [place, setPlace] = useState(() => toPlaceForm(settings.target, settings.target_secret));
  const [every, setEvery] = useState(settings.target_days);
  const [keep, setKeep] = useState(settings.target_keep);
  const { save, send } = useSave(settings, words.saved, onClose);
  const problem = save.error ? toProblem(save.error) : undefined;
  return (
    <FormDialog
      wide
      title={words.dialog}
      lead={words.dialogLead}
      submit={b.where.save}
      busy={save.isPending}
      error={save.error}
      fields={[...placeFieldNames("target"), "target_days", "target_keep"]}
      onSubmit={() =>
        send({ target: toPlace(place), target_secret: place.secret, target_days: every, target_keep: keep })
      }
      onReload={() => {
        void refreshBackup();
        onClose();
      }}
      onClose={onClose}
    >
      <PlaceFields of="target" value={place} onChange={setPlace} problem={problem} />
      <Try target place={place} />
      <div className="pair">
        <Input
          type="number"
          min={1}
          max={365}
          required
          label={words.every}
          error={problem?.field("target_days")}
          end={days()}
          value={Number.isNaN(every) ? "" : every}
          onChange={(event) => setEvery(event.target.valueAsNumber)}
        />
        <Input
          type="number"
          min={1}
          max={365}
          required
          label={words.keep}
          error={problem?.field("target_keep")}
          end={<span className="text-faint">{words.keepUnit}</span>}
          value={Number.isNaN(keep) ? "" : keep}
          onChange={(event) => setKeep(event.target.valueAsNumber)}
        />
      </div>
    </FormDialog>
  );
}

/** How often a restore is tried. */
export function DrillDaysDialog({ settings, onClose }: DialogProps) {
  const words = b.drills;
  const [every, setEvery] = useState(settings.drill_days);
  const { save, send } = useSave(settings, words.saved, onClose);
  const problem = save.error ? toProblem(save.error) : undefined;
  return (
    <FormDialog
      title={words.dialog}
      lead={words.dialogLead}
      submit={words.save}
      busy={save.isPending}
      error={save.error}
      fields={["drill_days"]}
      onSubmit={() => send({ drill_days: every })}
      onReload={() => {
        void refreshBackup();
        onClose();
      }}
      onClose={onClose}
    >
      <Input
        type="number"
        min={0}
        max={365}
        required
        label={words.days}
        help={words.daysHelp}
        error={problem?.field("drill_days")}
        end={days()}
        value={Number.isNaN(every) ? "" : every}
        onChange={(event) => setEvery(event.target.valueAsNumber)}
      />
      {every === 0 && <Banner look="warning" title={words.never} />}
    </FormDialog>
  );
}
