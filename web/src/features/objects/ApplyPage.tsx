import "./objects.css";

import { type DragEvent, useMemo, useState } from "react";

import { Page } from "../../layout/Page";
import { ProblemBanner } from "../../layout/Problem";
import { useUrl } from "../../layout/useUrl";
import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { Editor } from "../../ui/Editor";
import { Select } from "../../ui/Field";
import { type Applied, applyText } from "./changes";
import { onlyDisputes, Outcome } from "./Outcome";
import { useClusters, useNamespaces } from "./queries";
import { schemasOf } from "./schema";

interface Sent {
  /** Of what text, for which cluster and namespace. */
  key: string;
  applied: Applied;
}

function useApply(cluster: string, namespace: string, text: string) {
  const [sent, setSent] = useState<Sent>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const key = JSON.stringify([cluster, namespace, text]);
  async function send(dry_run: boolean, force: boolean): Promise<void> {
    setBusy(true);
    setError(undefined);
    try {
      const applied = await applyText(cluster, { text, dry_run, force, ...(namespace && { namespace }) });
      setSent({ key, applied });
    } catch (problem) {
      setSent(undefined);
      setError(problem);
    } finally {
      setBusy(false);
    }
  }
  return { applied: sent?.applied, fresh: sent?.key === key, error, busy, send };
}

/** Reads files that are dropped, one after another. */
async function dropped(event: DragEvent): Promise<string> {
  const texts = await Promise.all([...event.dataTransfer.files].map((file) => file.text()));
  return texts.join("\n---\n");
}

interface WhereProps {
  cluster: string;
  namespace: string;
  onChange: (change: Record<string, string | undefined>) => void;
}

function Where({ cluster, namespace, onChange }: WhereProps) {
  const { clusters } = useClusters();
  const namespaces = useNamespaces(useMemo(() => (cluster ? [cluster] : []), [cluster]));
  return (
    <>
      <Select
        label={o.list.cluster}
        value={cluster}
        onChange={(event) => onChange({ cluster: event.target.value, namespace: undefined })}
      >
        {clusters.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Select>
      <Select
        label={o.apply.namespace}
        value={namespace}
        onChange={(event) => onChange({ namespace: event.target.value })}
      >
        <option value="">default</option>
        {namespaces
          .filter((name) => name !== "default")
          .map((name) => (
            <option key={name}>{name}</option>
          ))}
      </Select>
    </>
  );
}

type Work = ReturnType<typeof useApply>;

function Buttons({ work: { applied, fresh, busy, send }, ready }: { work: Work; ready: boolean }) {
  const checked = fresh && applied?.outcome === "checked";
  return (
    <>
      <Button
        kind={checked ? "default" : "primary"}
        busy={busy}
        disabled={!ready}
        onClick={() => void send(true, false)}
      >
        {o.apply.check}
      </Button>
      {checked && (
        <Button kind="primary" busy={busy} onClick={() => void send(false, false)}>
          {o.apply.apply(applied.documents.length)}
        </Button>
      )}
      {fresh && applied && onlyDisputes(applied) && (
        <Button kind="danger" busy={busy} onClick={() => void send(false, true)}>
          {o.apply.force}
        </Button>
      )}
    </>
  );
}

interface ResultProps {
  work: Work;
  cluster: string;
  onLine: (line: number) => void;
}

function Result({ work: { applied, fresh, error }, cluster, onLine }: ResultProps) {
  if (error !== undefined) return <ProblemBanner error={error} title={o.apply.failed} />;
  if (!applied) return <p className="text-muted">{o.apply.about}</p>;
  return (
    <>
      {!fresh && <p className="mb-2 text-sm text-muted">{o.apply.old}</p>}
      <Outcome cluster={cluster} applied={applied} onLine={onLine} />
    </>
  );
}

/** Applies YAML to a cluster: tried first, with what would change, then done. */
export function ApplyPage() {
  const [url, setUrl] = useUrl();
  const { clusters } = useClusters();
  const cluster = url.get("cluster") || (clusters[0]?.id ?? "");
  const namespace = url.get("namespace") ?? "";
  const [text, setText] = useState("");
  const [goTo, setGoTo] = useState<{ line: number }>();
  const schemaOf = useMemo(() => schemasOf(cluster), [cluster]);
  const work = useApply(cluster, namespace, text);
  function drop(event: DragEvent): void {
    if (event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    void dropped(event).then(setText);
  }
  return (
    <Page title={o.apply.title} crumbs={[{ label: o.clusters, to: paths.clusters() }]}>
      <div className="row mb-3 flex-wrap items-end">
        <Where cluster={cluster} namespace={namespace} onChange={setUrl} />
        <Buttons work={work} ready={text.trim() !== "" && cluster !== ""} />
      </div>
      <div className="object-apply" onDrop={drop} onDragOver={(event) => event.preventDefault()}>
        <div className="object-paste">
          <Editor label={o.apply.text} value={text} onChange={setText} schemaOf={schemaOf} goTo={goTo} />
        </div>
        <div className="min-w-0" aria-live="polite">
          <Result work={work} cluster={cluster} onLine={(line) => setGoTo({ line })} />
        </div>
      </div>
    </Page>
  );
}
