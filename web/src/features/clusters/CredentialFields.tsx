import "./clusters.css";

import { type DragEvent, useState } from "react";

import type { ClusterContext } from "../../api/types";
import { k } from "../../locales/clusters";
import { Checkbox, Radios, Textarea } from "../../ui/Field";
import { looks, Mark, Status } from "../../ui/mark";
import { type CredentialState, pasted } from "./useCredential";

const words = k.credential;

const example = `apiVersion: v1
kind: Config
clusters:
- name: home
  cluster:
    server: https://10.20.0.10:6443`;

function Paste({ of }: { of: CredentialState }) {
  const [over, setOver] = useState(false);
  const take = (file: File | undefined) => void file?.text().then(of.setText);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  return (
    <div
      className="cluster-drop"
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Textarea
        mono
        rows={7}
        label={words.kubeconfig}
        help={words.kubeconfigHelp}
        error={of.wrong}
        placeholder={example}
        value={of.text}
        onChange={(event) => of.setText(event.target.value)}
        required
      />
      <label className="btn small">
        {words.file}
        <input
          type="file"
          className="sr-only"
          aria-label={words.file}
          onChange={(event) => {
            take(event.target.files?.[0]);
            event.target.value = ""; // the same file can be chosen again
          }}
        />
      </label>
    </div>
  );
}

const about = ({ server, user, method, namespace }: ClusterContext) =>
  [server, user, words.methods[method], namespace && words.namespace(namespace)].filter(Boolean).join(" · ");

function Contexts({ of }: { of: CredentialState }) {
  if (of.reading) return <p className="text-sm text-muted">{words.reading}</p>;
  if (of.contexts.length === 0) return null;
  return (
    <Radios
      label={words.contexts(of.contexts.length)}
      value={of.chosen?.name ?? "\0"}
      onChange={of.setPicked}
      options={of.contexts.map((context) => ({
        value: context.name,
        disabled: Boolean(context.refused),
        label: (
          <span className="cluster-context">
            <span className="clip">{context.name || of.offer?.title}</span>
            {context.current && <span className="tag">{words.current}</span>}
          </span>
        ),
        help: context.refused ? (
          <span className="cluster-refused">
            <Mark {...looks.critical} />
            <span>{context.refused}</span>
          </span>
        ) : (
          <span className="cluster-about">{about(context)}</span>
        ),
      }))}
    />
  );
}

function Risks({ of }: { of: CredentialState }) {
  if (!of.chosen || of.chosen.ask.length === 0) return null;
  return (
    <fieldset className="choices">
      <legend>
        <Status look="warning">{words.risks}</Status>
      </legend>
      {of.chosen.ask.map((risk) => (
        <Checkbox
          key={risk}
          label={words.risk[risk].label}
          help={words.risk[risk].help}
          checked={of.accepted.includes(risk)}
          onChange={(event) => of.setAccepted(risk, event.target.checked)}
        />
      ))}
    </fieldset>
  );
}

/** Where the credential of a cluster is, which context of it to use, and what a person has to accept. */
export function CredentialFields({ of }: { of: CredentialState }) {
  const sources = [
    { value: pasted, label: words.paste, help: words.pasteHelp },
    ...of.offers.map(({ source, title, path, contexts }) => ({
      value: source,
      label: title,
      help: path ?? contexts[0]?.server,
    })),
  ];
  return (
    <>
      {of.offers.length > 0 && (
        <Radios label={words.source} value={of.source} options={sources} onChange={of.setSource} />
      )}
      {of.source === pasted ? <Paste of={of} /> : of.wrong && <Status look="critical">{of.wrong}</Status>}
      <Contexts of={of} />
      <Risks of={of} />
    </>
  );
}
