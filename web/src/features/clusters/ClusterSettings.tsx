import "./clusters.css";

import { useRouter } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useState } from "react";

import { api, ifMatch, queries } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { useMay } from "../../api/may";
import type { Cluster } from "../../api/types";
import { FormProblem } from "../../layout/FormProblem";
import { ProblemBanner } from "../../layout/Problem";
import { splitTags } from "../../layout/tags";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Facts, Section } from "../../ui/Facts";
import { Input, Textarea } from "../../ui/Field";
import { day } from "../../ui/format";
import { Mark } from "../../ui/mark";
import { toast } from "../../ui/Toast";
import { useEdit } from "../../ui/useEdit";
import { useCluster } from "./ClusterPage";
import { ReplaceDialog } from "./ReplaceDialog";
import { Report } from "./Report";

const words = k.settings;

interface Fields {
  name: string;
  tags: string;
  notes: string;
}

const toFields = ({ name, tags, notes }: Cluster): Fields => ({ name, tags: tags.join(", "), notes });

function About({ cluster }: { cluster: Cluster }) {
  const { form, base } = useEdit<Cluster, Fields>(cluster, toFields);
  const save = api.useMutation("patch", "/api/v1/clusters/{id}", {
    onSuccess: async (now) => {
      toast({ title: words.saved(now.name) });
      form.reset(toFields(now));
      await refresh("clusters", now.id);
    },
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  const submit = form.handleSubmit(({ name, tags, notes }) =>
    save.mutate({
      params: { path: { id: cluster.id }, header: ifMatch(base.rev) },
      body: { name: name.trim(), tags: splitTags(tags), notes },
    }),
  );
  return (
    <Section title={words.about}>
      <form className="form wide" onSubmit={(event) => void submit(event)}>
        <Input
          label={k.form.name}
          maxLength={64}
          required
          error={problem?.field("name")}
          {...form.register("name")}
        />
        <Input
          label={k.form.tags}
          help={k.form.tagsHelp}
          error={problem?.field("tags")}
          {...form.register("tags")}
        />
        <Textarea
          rows={4}
          maxLength={4096}
          label={k.form.notes}
          error={problem?.field("notes")}
          {...form.register("notes")}
        />
        <FormProblem
          error={save.error}
          fields={["name", "tags", "notes"]}
          onReload={() => {
            save.reset();
            form.reset();
            void refresh("clusters", cluster.id);
          }}
        />
        <div>
          <Button kind="primary" type="submit" busy={save.isPending}>
            {words.save}
          </Button>
        </div>
      </form>
    </Section>
  );
}

function Credential({ cluster, may }: { cluster: Cluster; may: boolean }) {
  const [replacing, setReplacing] = useState(false);
  const test = api.useMutation("post", "/api/v1/clusters/{id}/test");
  return (
    <Section title={words.credential}>
      <Facts
        facts={[
          [k.test.server, <code key="server">{cluster.server}</code>],
          [words.source, words.sources[cluster.source]],
          [words.context, cluster.context && <code key="context">{cluster.context}</code>],
          [words.added, day(cluster.created_at)],
        ]}
      />
      {may && (
        <>
          <div className="mt-4 flex flex-wrap gap-2">
            <Button
              busy={test.isPending}
              onClick={() => test.mutate({ params: { path: { id: cluster.id } } })}
            >
              {words.test}
            </Button>
            <Button onClick={() => setReplacing(true)}>{words.replace}</Button>
          </div>
          <div className="mt-4 empty:hidden">
            {test.error && <ProblemBanner error={test.error} title={words.testFailed} />}
            {test.data && <Report of={test.data} />}
          </div>
          {replacing && <ReplaceDialog cluster={cluster} onClose={() => setReplacing(false)} />}
        </>
      )}
    </Section>
  );
}

function Remove({ cluster }: { cluster: Cluster }) {
  const [asking, setAsking] = useState(false);
  const router = useRouter();
  const remove = api.useMutation("delete", "/api/v1/clusters/{id}", {
    onSuccess: () => {
      toast({ title: words.removed(cluster.name) });
      router.history.push(paths.clusters());
      void queries.invalidateQueries();
    },
  });
  return (
    <Section title={words.remove}>
      <p className="mb-3 max-w-140 text-muted">{words.removeWhat}</p>
      <Button icon={<Trash2 className="icon" aria-hidden="true" />} onClick={() => setAsking(true)}>
        {words.removeAction(cluster.name)}
      </Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={words.removeTitle(cluster.name)}
        lead={words.removeLead}
        action={words.removeAction(cluster.name)}
        typed={cluster.name}
        busy={remove.isPending}
        onConfirm={() =>
          remove.mutate({ params: { path: { id: cluster.id }, header: ifMatch(cluster.rev) } })
        }
      >
        <ul className="steps">
          {words.removeGoes.map((what) => (
            <li key={what}>
              <Mark shape="cross" tone="critical" />
              {what}
            </li>
          ))}
          <li>
            <Mark shape="check" tone="ok" />
            {words.removeKeeps}
          </li>
        </ul>
        {remove.error && <ProblemBanner error={remove.error} title={words.removeFailed(cluster.name)} />}
      </Confirm>
    </Section>
  );
}

/** What a cluster is called, how it is signed in to, and how to let it go. */
export function ClusterSettings() {
  const cluster = useCluster();
  const may = useMay("clusters.write");
  if (!cluster) return null;
  return (
    <div className="grid gap-8 lg:grid-cols-2">
      {may ? (
        <About cluster={cluster} />
      ) : (
        <Section title={words.about}>
          <Facts
            facts={[
              [k.form.name, cluster.name],
              [k.form.tags, cluster.tags.join(", ")],
              [
                k.form.notes,
                cluster.notes && (
                  <span key="notes" className="whitespace-pre-wrap">
                    {cluster.notes}
                  </span>
                ),
              ],
            ]}
          />
        </Section>
      )}
      <div>
        <Credential cluster={cluster} may={may} />
        {may && <Remove cluster={cluster} />}
      </div>
    </div>
  );
}
