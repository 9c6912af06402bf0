import { Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import type { Cluster, ClusterTest } from "../../api/types";
import { FormProblem } from "../../layout/FormProblem";
import { Page } from "../../layout/Page";
import { splitTags } from "../../layout/tags";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Input, Textarea } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { CredentialFields } from "./CredentialFields";
import { freeName, nameFor } from "./offers";
import { Report } from "./Report";
import { ServiceAccount } from "./ServiceAccount";
import { type CredentialState, pasted, useCredential } from "./useCredential";

const words = k.form;

/** What was tested, so that a report is only shown for what is still chosen. */
function useTest(credential: CredentialState) {
  const [tested, setTested] = useState<{ of: string; report: ClusterTest }>();
  const test = api.useMutation("post", "/api/v1/clusters/test");
  const { given } = credential;
  const of = JSON.stringify(given);
  const run = () =>
    given && test.mutate({ body: given }, { onSuccess: (report) => setTested({ of, report }) });
  return {
    run,
    busy: test.isPending,
    error: test.error,
    report: tested && tested.of === of ? tested.report : undefined,
  };
}

interface ActsProps {
  report: ClusterTest | undefined;
  ready: boolean;
  testing: boolean;
  adding: boolean;
  onAdd: () => void;
  onTest: () => void;
}

// What comes next is the one button: first the test, then adding what passed it.
function Acts({ report, ready, testing, adding, onAdd, onTest }: ActsProps) {
  const why = ready ? undefined : words.notReady;
  return (
    <div className="flex flex-wrap gap-2">
      {report?.ok ? (
        <>
          <Button kind="primary" type="submit" busy={adding}>
            {words.add}
          </Button>
          <Button busy={testing} onClick={onTest}>
            {words.again}
          </Button>
        </>
      ) : (
        <>
          <Button kind="primary" type="submit" busy={testing} disabled={!ready} title={why}>
            {report ? words.again : words.test}
          </Button>
          {report && (
            <Button busy={adding} onClick={onAdd}>
              {words.anyway}
            </Button>
          )}
        </>
      )}
      <Link className={buttonClass({ kind: "quiet" })} to={paths.clusters()}>
        {t.ui.cancel}
      </Link>
    </div>
  );
}

interface Fields {
  name: string;
  tags: string;
  notes: string;
}

interface AboutProps {
  fields: Partial<Fields>;
  onChange: (change: Partial<Fields>) => void;
  problem: Problem | undefined;
}

function About({ fields: { name = "", tags = "", notes = "" }, onChange, problem }: AboutProps) {
  return (
    <>
      <div className="pair">
        <Input
          label={words.name}
          maxLength={64}
          required
          value={name}
          onChange={(event) => onChange({ name: event.target.value })}
          error={problem?.field("name")}
        />
        <Input
          label={words.tags}
          help={words.tagsHelp}
          value={tags}
          onChange={(event) => onChange({ tags: event.target.value })}
          error={problem?.field("tags")}
        />
      </div>
      <Textarea
        label={words.notes}
        rows={2}
        maxLength={4096}
        value={notes}
        onChange={(event) => onChange({ notes: event.target.value })}
        error={problem?.field("notes")}
      />
    </>
  );
}

const own = ["name", "tags", "notes"];

function useProposal(credential: CredentialState, clusters: readonly Cluster[]): string {
  const { chosen, offer, source } = credential;
  if (!chosen) return "";
  return source !== pasted && offer ? nameFor(offer, clusters) : freeName(chosen.name, clusters);
}

function Form({ first }: { first: string }) {
  const router = useRouter();
  const credential = useCredential(first);
  const test = useTest(credential);
  const clusters =
    api.useQuery("get", "/api/v1/clusters", { params: { query: { limit: 500 } } }).data?.items ?? [];
  const proposal = useProposal(credential, clusters);
  const [typed, setTyped] = useState<Partial<Fields>>({});
  const create = api.useMutation("post", "/api/v1/clusters", {
    onSuccess: async (made) => {
      toast({ title: words.added(made.name), body: words.addedBody });
      await refresh("clusters");
      router.history.push(paths.cluster(made.id));
    },
  });
  const problem = create.error ? toProblem(create.error) : undefined;
  const add = () =>
    credential.given &&
    create.mutate({
      body: {
        ...credential.given,
        name: (typed.name ?? proposal).trim(),
        tags: splitTags(typed.tags ?? ""),
        notes: typed.notes ?? "",
      },
    });
  return (
    <form
      className="form wide"
      onSubmit={(event) => {
        event.preventDefault();
        if (!credential.ready || test.busy || create.isPending) return;
        if (test.report?.ok) add();
        else test.run();
      }}
    >
      <CredentialFields of={credential} />
      {credential.chosen && (
        <About
          fields={{ name: proposal, ...typed }}
          onChange={(change) => setTyped({ ...typed, ...change })}
          problem={problem}
        />
      )}
      {test.report && <Report of={test.report} />}
      <FormProblem error={test.error} />
      <FormProblem error={create.error} fields={own} />
      <Acts
        report={test.report}
        ready={credential.ready}
        testing={test.busy}
        adding={create.isPending}
        onAdd={add}
        onTest={test.run}
      />
    </form>
  );
}

/** Registers a cluster: its credential, what that may do there, a name. */
export function ClusterNewPage() {
  const [url] = useUrl();
  return (
    <Page title={words.title} crumbs={[{ label: t.layout.clusters, to: paths.clusters() }]}>
      <p className="mb-4 max-w-140 text-muted">{words.lead}</p>
      <Form first={url.get("source") ?? pasted} />
      <ServiceAccount />
    </Page>
  );
}
