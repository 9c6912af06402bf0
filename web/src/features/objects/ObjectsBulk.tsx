import { useState } from "react";

import { toastProblem } from "../../layout/Problem";
import { t } from "../../locales";
import { o } from "../../locales/objects";
import { BulkBar } from "../../ui/BulkBar";
import { Button } from "../../ui/Button";
import { Confirm, Dialog } from "../../ui/Dialog";
import { Input } from "../../ui/Field";
import { Mark } from "../../ui/mark";
import { toast } from "../../ui/Toast";
import { act, type Verb } from "./changes";
import { marksOf } from "./marks";
import type { Cluster, Place } from "./types";
import { bulkVerbs } from "./verbs";

/** The place of a row, by its id: "<cluster> <namespace>/<name>". */
function placeOf(kind: string, id: string): Place {
  const blank = id.indexOf(" ");
  const slash = id.indexOf("/", blank);
  return {
    cluster: id.slice(0, blank),
    kind,
    namespace: id.slice(blank + 1, slash),
    name: id.slice(slash + 1),
  };
}

const atOnce = 4; // requests under way

/** Does one thing to many, a few at a time; what failed is said once, with the first reason. */
async function doEach(places: readonly Place[], verb: Verb, body: object): Promise<number> {
  const left = [...places];
  const failures: unknown[] = [];
  async function work(): Promise<void> {
    for (let place = left.shift(); place; place = left.shift()) {
      try {
        await act(place, verb, body);
      } catch (error) {
        failures.push(error);
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failures.length > 0) toastProblem(o.bulk.failed(failures.length), failures[0]);
  return places.length - failures.length;
}

interface AskProps {
  verb: Verb;
  places: readonly Place[];
  clusters: readonly Cluster[];
  onClose: () => void;
  onDone: () => void;
}

function Touched({ places, clusters }: Pick<AskProps, "places" | "clusters">) {
  const name = (id: string) => clusters.find((cluster) => cluster.id === id)?.name ?? id;
  return (
    <ul className="steps">
      {places.slice(0, 8).map((place) => (
        <li key={`${place.cluster} ${place.namespace} ${place.name}`}>
          <Mark shape="square" tone="info" />
          <span className="clip">
            {clusters.length > 1 && `${name(place.cluster)} · `}
            {place.namespace && `${place.namespace} / `}
            {place.name}
          </span>
        </li>
      ))}
      {places.length > 8 && <li className="text-muted">{o.bulk.andMore(places.length - 8)}</li>}
    </ul>
  );
}

/** What is asked beside the objects; undefined: not complete yet. */
function bodyOf(verb: Verb, text: string): object | undefined {
  if (verb === "scale") return /^\d+$/.test(text) ? { replicas: Number(text) } : undefined;
  if (verb !== "label") return {};
  const marks = marksOf(text);
  return Object.keys(marks.set).length + marks.remove.length > 0 ? marks : undefined;
}

function Ask({ verb, places, clusters, onClose, onDone }: AskProps) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const body = bodyOf(verb, text);
  const n = places.length;
  async function submit(): Promise<void> {
    if (!body) return;
    setBusy(true);
    const done = await doEach(places, verb, body);
    if (done > 0) toast({ title: o.bulk.done(done, o.acts[verb].label) });
    onDone();
  }
  const touched = <Touched places={places} clusters={clusters} />;
  if (verb === "delete")
    return (
      <Confirm
        open
        onClose={onClose}
        onConfirm={() => void submit()}
        title={o.bulk.title(o.acts.delete.label, n)}
        lead={o.acts.delete.lead}
        action={o.bulk.title(o.acts.delete.label, n)}
        typed={n === 1 ? (places[0]?.name ?? "") : o.bulk.typed(n)}
        busy={busy}
      >
        {touched}
      </Confirm>
    );
  return (
    <Dialog
      open
      onClose={onClose}
      onSubmit={() => void submit()}
      title={o.bulk.title(o.acts[verb].label, n)}
      lead={o.acts[verb].lead}
      foot={
        <>
          <Button onClick={onClose}>{t.ui.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!body}>
            {o.bulk.title(o.acts[verb].label, n)}
          </Button>
        </>
      }
    >
      {touched}
      {verb === "scale" && (
        <Input
          label={o.acts.scale.replicas}
          type="number"
          min={0}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      {verb === "label" && (
        <Input
          mono
          label={o.acts.label.labels}
          placeholder="team=web, tier-"
          help={o.acts.label.help}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
    </Dialog>
  );
}

interface BulkProps {
  kind: string;
  selected: ReadonlySet<string>;
  clusters: readonly Cluster[];
  onDone: () => void;
}

/** What can be done with all that is selected, and the questions behind it. */
export function ObjectsBulk({ kind, selected, clusters, onDone }: BulkProps) {
  const [verb, setVerb] = useState<Verb>();
  const places = [...selected].map((id) => placeOf(kind, id));
  return (
    <>
      <BulkBar count={selected.size} onClear={onDone}>
        {bulkVerbs(kind).map((each) => (
          <Button key={each} size="small" onClick={() => setVerb(each)}>
            {o.acts[each].label}
          </Button>
        ))}
      </BulkBar>
      {verb && (
        <Ask
          verb={verb}
          places={places}
          clusters={clusters}
          onClose={() => setVerb(undefined)}
          onDone={() => {
            setVerb(undefined);
            onDone();
          }}
        />
      )}
    </>
  );
}
