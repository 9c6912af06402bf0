import "./objects.css";

import { type ReactNode, useState } from "react";

import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { o } from "../../locales/objects";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Diff } from "../../ui/Diff";
import { Skeleton } from "../../ui/Empty";
import { Checkbox, Input, Radios, Select, Textarea } from "../../ui/Field";
import { when } from "../../ui/format";
import { Mark } from "../../ui/mark";
import { toast } from "../../ui/Toast";
import { act, useTrial, type Verb } from "./changes";
import { marksOf } from "./marks";
import { lookAgain } from "./object";
import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import { DeleteDialog, FinalizersDialog } from "./DeleteDialog";
import { DrainDialog } from "./DrainDialog";
import type { ObjectLook, Place } from "./types";

interface ChangeProps {
  place: Place;
  verb: Verb;
  /** What is asked beside the object. */
  body?: object;
  /** Whether that is complete. */
  ready?: boolean;
  onClose: () => void;
  children?: ReactNode;
}

/** What will be known of a change before it is made: what one should know of it, and its diff. */
function Preview({ place, verb, body = {}, ready = true }: Omit<ChangeProps, "onClose" | "children">) {
  const { data, error } = useTrial(place, verb, body, ready);
  if (!ready) return null;
  if (error) return <ProblemBanner error={error} />;
  if (!data) return <Skeleton label={t.ui.loading} lines={2} />;
  return (
    <div className="grid gap-3">
      {data.notes.length > 0 && (
        <ul className="steps">
          {data.notes.map((note) => (
            <li key={note}>
              <Mark shape="square" tone="info" />
              {note}
            </li>
          ))}
        </ul>
      )}
      {data.diff && <Diff diff={data.diff} />}
    </div>
  );
}

function ChangeDialog({ place, verb, body = {}, ready = true, onClose, children }: ChangeProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const words = o.acts[verb];
  async function submit(): Promise<void> {
    if (!ready || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      const { notes } = await act(place, verb, body);
      toast({ title: words.done(place.name), ...(notes.length > 0 && { body: notes.join(" ") }) });
      void lookAgain(place);
      onClose();
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  }
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      onSubmit={() => void submit()}
      title={words.title(place.name)}
      lead={words.lead}
      foot={
        <>
          <Button onClick={onClose}>{t.ui.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!ready}>
            {words.label}
          </Button>
        </>
      }
    >
      {children && <div className="form max-w-none">{children}</div>}
      <Preview place={place} verb={verb} body={body} ready={ready} />
      {error !== undefined && <ProblemBanner error={error} />}
    </Dialog>
  );
}

interface AskProps {
  place: Place;
  look: ObjectLook;
  onClose: () => void;
}

function Scale({ place, look, onClose }: AskProps) {
  const from = look.workload?.want ?? 0;
  const [text, setText] = useState(String(from));
  const n = Number(text);
  const ready = /^\d+$/.test(text) && n !== from;
  return (
    <ChangeDialog place={place} verb="scale" body={{ replicas: n, from }} ready={ready} onClose={onClose}>
      <Input
        label={o.acts.scale.replicas}
        help={o.acts.scale.now(from)}
        type="number"
        min={0}
        max={100_000}
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </ChangeDialog>
  );
}

function Rollback({ place, onClose }: AskProps) {
  const { data } = useQuery(
    api.queryOptions(
      "get",
      "/api/v1/clusters/{id}/revisions",
      {
        params: {
          path: { id: place.cluster },
          query: { kind: place.kind, namespace: place.namespace, name: place.name },
        },
      },
      { staleTime: 0 },
    ),
  );
  const [chosen, setChosen] = useState<string>();
  const all = data?.items ?? [];
  const value = chosen ?? String(all.find(({ current }) => !current)?.number ?? "");
  return (
    <ChangeDialog
      place={place}
      verb="rollback"
      body={{ revision: Number(value) }}
      ready={value !== ""}
      onClose={onClose}
    >
      {data && all.length < 2 ? (
        <p className="text-muted">{o.acts.rollback.none}</p>
      ) : (
        <Radios
          label={o.acts.rollback.revision}
          value={value}
          onChange={setChosen}
          options={all.map(({ number, images, created_at, change_cause, current }) => ({
            value: String(number),
            label: o.acts.rollback.number(number, current),
            help: [images.join(", "), when(created_at, Date.now()), change_cause].filter(Boolean).join(" · "),
            disabled: current,
          }))}
        />
      )}
    </ChangeDialog>
  );
}

function Label({ place, look, onClose }: AskProps) {
  const [text, setText] = useState("");
  const body = marksOf(text);
  const ready = Object.keys(body.set).length + body.remove.length > 0;
  return (
    <ChangeDialog place={place} verb="label" body={body} ready={ready} onClose={onClose}>
      <Textarea
        mono
        rows={3}
        autoFocus
        label={o.acts.label.labels}
        placeholder={"team=web\ntier-"}
        help={o.acts.label.help}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {Object.keys(look.labels).length > 0 && (
        <p className="help">
          {o.acts.label.now}{" "}
          {Object.entries(look.labels)
            .map(([key, value]) => `${key}=${value}`)
            .join(", ")}
        </p>
      )}
    </ChangeDialog>
  );
}

const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

function Taint({ place, look, onClose }: AskProps) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const [effect, setEffect] = useState<string>("NoSchedule");
  const [gone, setGone] = useState<readonly string[]>([]);
  const remove = gone.map((taint) => {
    const [name = "", how] = taint.split(":");
    return { key: name.split("=")[0] ?? "", ...(how && { effect: how }) };
  });
  const body = { remove, set: key ? [{ key, effect, ...(value && { value }) }] : [] };
  return (
    <ChangeDialog
      place={place}
      verb="taint"
      body={body}
      ready={key !== "" || gone.length > 0}
      onClose={onClose}
    >
      {look.node?.taints.map((taint) => (
        <Checkbox
          key={taint}
          label={o.acts.taint.remove(taint)}
          checked={gone.includes(taint)}
          onChange={() =>
            setGone(gone.includes(taint) ? gone.filter((each) => each !== taint) : [...gone, taint])
          }
        />
      ))}
      <Input
        mono
        label={o.acts.taint.key}
        value={key}
        onChange={(event) => setKey(event.target.value.trim())}
      />
      <Input
        mono
        label={o.acts.taint.value}
        value={value}
        onChange={(event) => setValue(event.target.value.trim())}
      />
      <Select label={o.acts.taint.effect} value={effect} onChange={(event) => setEffect(event.target.value)}>
        {effects.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </Select>
    </ChangeDialog>
  );
}

/** Asks what is needed for a change, shows what it would do, and makes it. */
export function ActDialog({ verb, ...rest }: AskProps & { verb: Verb }) {
  switch (verb) {
    case "scale":
      return <Scale {...rest} />;
    case "rollback":
      return <Rollback {...rest} />;
    case "label":
      return <Label {...rest} />;
    case "taint":
      return <Taint {...rest} />;
    case "drain":
      return <DrainDialog {...rest} />;
    case "delete":
      return <DeleteDialog {...rest} />;
    case "finalizers":
      return <FinalizersDialog {...rest} />;
    default:
      return <ChangeDialog verb={verb} place={rest.place} onClose={rest.onClose} />;
  }
}
