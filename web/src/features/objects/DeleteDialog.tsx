import { type ReactNode, useState } from "react";

import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { o } from "../../locales/objects";
import { Confirm } from "../../ui/Dialog";
import { Skeleton } from "../../ui/Empty";
import { Checkbox, Select } from "../../ui/Field";
import { Mark } from "../../ui/mark";
import { toast } from "../../ui/Toast";
import { act, type Removal, useTrial } from "./changes";
import { lookAgain } from "./object";
import type { ObjectLook, Place } from "./types";

const propagations = ["background", "foreground", "orphan"] as const;

/** What goes with an object that is deleted, and what keeps it. */
function Foreseen({ removal }: { removal: Removal }) {
  const { notes, counts, finalizers, messages } = removal;
  const line = (key: string, look: "cross" | "square" | "ring", text: ReactNode) => (
    <li key={key}>
      <Mark shape={look} tone={look === "cross" ? "critical" : look === "square" ? "info" : "warn"} />
      <span className="min-w-0">{text}</span>
    </li>
  );
  return (
    <ul className="steps">
      {counts.map(({ kind, count, error }) =>
        line(kind, "cross", error ? `${kind}: ${error}` : o.acts.delete.goes(count, kind)),
      )}
      {notes.map((note) => line(note, "square", note))}
      {messages.map((note) => line(note, "square", note))}
      {finalizers.map(({ name, waits }) =>
        line(
          name,
          "ring",
          <>
            <code>{name}</code> <span className="text-muted">{waits}</span>
          </>,
        ),
      )}
    </ul>
  );
}

interface DeleteProps {
  place: Place;
  /** What was seen: another object of the same name is not deleted. */
  look: Pick<ObjectLook, "uid">;
  onClose: () => void;
}

/** Deletes one object, after saying what goes with it and being told its name. */
export function DeleteDialog({ place, look, onClose }: DeleteProps) {
  const [propagation, setPropagation] = useState<(typeof propagations)[number]>("background");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const { data, error } = useTrial<Removal>(place, "delete", { uid: look.uid });
  async function remove(): Promise<void> {
    setBusy(true);
    try {
      const { state, finalizers } = await act<Removal>(place, "delete", { propagation, uid: look.uid });
      toast({
        title: state === "gone" ? o.acts.delete.gone(place.name) : o.acts.delete.done(place.name),
        ...(finalizers.length > 0 && { body: o.object.waits(finalizers.length) }),
      });
      void lookAgain(place);
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
      onConfirm={() => void remove()}
      title={o.acts.delete.title(place.name)}
      lead={o.acts.delete.lead}
      action={`${o.acts.delete.label} ${place.name}`}
      typed={place.name}
      busy={busy}
    >
      {data ? <Foreseen removal={data} /> : !error && <Skeleton label={t.ui.loading} lines={2} />}
      <Select
        label={o.acts.delete.propagation}
        help={o.acts.delete.helps[propagation]}
        value={propagation}
        onChange={(event) => setPropagation(event.target.value as typeof propagation)}
      >
        {propagations.map((each) => (
          <option key={each} value={each}>
            {o.acts.delete.propagations[each]}
          </option>
        ))}
      </Select>
      {(failed ?? error) != null && <ProblemBanner error={failed ?? error} />}
    </Confirm>
  );
}

/** Takes finalizers from an object that hangs in deletion. */
export function FinalizersDialog({
  place,
  look,
  onClose,
}: {
  place: Place;
  look: ObjectLook;
  onClose: () => void;
}) {
  const [chosen, setChosen] = useState<readonly string[]>(look.finalizers.map(({ name }) => name));
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  async function remove(): Promise<void> {
    if (chosen.length === 0) return;
    setBusy(true);
    try {
      const { state } = await act<Removal>(place, "finalizers", { remove: chosen, confirm: place.name });
      toast({
        title: state === "gone" ? o.acts.delete.gone(place.name) : o.acts.finalizers.done(place.name),
      });
      void lookAgain(place);
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
      onConfirm={() => void remove()}
      title={o.acts.finalizers.title(place.name)}
      lead={o.acts.finalizers.lead}
      action={o.acts.finalizers.label}
      typed={place.name}
      busy={busy}
    >
      {look.finalizers.map(({ name, waits }) => (
        <Checkbox
          key={name}
          label={<code>{name}</code>}
          help={waits}
          checked={chosen.includes(name)}
          onChange={(event) =>
            setChosen(event.target.checked ? [...chosen, name] : chosen.filter((each) => each !== name))
          }
        />
      ))}
      {failed !== undefined && <ProblemBanner error={failed} />}
    </Confirm>
  );
}
