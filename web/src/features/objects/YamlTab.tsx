import { useMemo, useState } from "react";

import { useMay } from "../../api/may";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { o } from "../../locales/objects";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { Editor } from "../../ui/Editor";
import { Empty, Skeleton } from "../../ui/Empty";
import { toast } from "../../ui/Toast";
import { type Applied, applyText, refOf } from "./changes";
import { lookAgain } from "./object";
import type { PartProps } from "./ObjectPage";
import { onlyDisputes, Outcome } from "./Outcome";
import { schemasOf } from "./schema";
import type { ObjectLook } from "./types";

interface SaveProps extends Omit<PartProps, "look"> {
  from: ObjectLook;
  text: string;
  onClose: () => void;
  onSaved: () => void;
  onLine: (line: number) => void;
}

// What a save would do is shown first; then it is done, or taken over from whom the fields belong to.
function useSave({ place, from, text, onSaved }: SaveProps) {
  const [seen, setSeen] = useState<Applied>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  async function send(dry_run: boolean, force: boolean): Promise<void> {
    setBusy(true);
    setError(undefined);
    try {
      const edit = { ...refOf(place), resource_version: from.resource_version, seen: from.yaml };
      const applied = await applyText(place.cluster, { text, edit, dry_run, force });
      setSeen(applied);
      if (applied.outcome !== "applied") return;
      toast({ title: o.yaml.saved(place.name) });
      void lookAgain(place);
      onSaved();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  }
  return { seen, error, busy, send };
}

function Save(props: SaveProps) {
  const { place, onClose, onLine } = props;
  const { seen, error, busy, send } = useSave(props);
  const [asked, setAsked] = useState(false);
  if (!asked) {
    setAsked(true);
    void send(true, false);
  }
  const disputed = seen !== undefined && onlyDisputes(seen);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={o.yaml.title(place.name)}
      lead={o.yaml.lead}
      foot={
        <>
          <Button onClick={onClose}>{o.yaml.back}</Button>
          <Button
            kind={disputed ? "danger" : "primary"}
            busy={busy}
            disabled={seen?.outcome !== "checked" && !disputed}
            onClick={() => void send(false, disputed)}
          >
            {disputed ? o.apply.force : o.yaml.save}
          </Button>
        </>
      }
    >
      {seen && <Outcome cluster={place.cluster} applied={seen} onLine={onLine} />}
      {!seen && busy && <Skeleton label={t.ui.loading} lines={4} />}
      {error !== undefined && <ProblemBanner error={error} />}
    </Dialog>
  );
}

/** The object as YAML: to read, and after «Edit» to write. */
export function YamlTab({ place, look }: PartProps) {
  const may = useMay("clusters.apply");
  const [from, setFrom] = useState<ObjectLook>(); // what is edited, as it was when that began
  const [text, setText] = useState("");
  const [saving, setSaving] = useState(false);
  const [goTo, setGoTo] = useState<{ line: number }>();
  const schemaOf = useMemo(() => schemasOf(place.cluster), [place.cluster]);
  if (!look.yaml) return <Empty title={o.yaml.none}>{o.object.staleWhy}</Empty>;
  const stop = () => {
    setFrom(undefined);
    setSaving(false);
  };
  return (
    <>
      <div className="row mb-3 flex-wrap">
        {from ? (
          <>
            <Button kind="primary" disabled={text === from.yaml} onClick={() => setSaving(true)}>
              {o.yaml.review}
            </Button>
            <Button onClick={stop}>{t.ui.cancel}</Button>
            {from.resource_version !== look.resource_version && (
              <span className="text-sm text-muted">{o.yaml.changed}</span>
            )}
          </>
        ) : (
          may &&
          !look.stale_since && (
            <Button
              onClick={() => {
                setText(look.yaml);
                setFrom(look);
              }}
            >
              {o.yaml.edit}
            </Button>
          )
        )}
        <span className="ml-auto">
          <Copy wide text={from ? text : look.yaml} label={t.ui.copyAll} />
        </span>
      </div>
      <div className="object-editor">
        <Editor
          label={o.yaml.of(place.name)}
          value={from ? text : look.yaml}
          readOnly={!from}
          onChange={setText}
          schemaOf={from && schemaOf}
          goTo={goTo}
        />
      </div>
      {saving && from && (
        <Save
          place={place}
          from={from}
          text={text}
          onClose={() => setSaving(false)}
          onSaved={stop}
          onLine={(line) => {
            setSaving(false);
            setGoTo({ line });
          }}
        />
      )}
    </>
  );
}
