import { Link, useParams, useRouter } from "@tanstack/react-router";

import { api, ifMatch } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import type { Server } from "../../api/types";
import { FormProblem } from "../../layout/FormProblem";
import { Page } from "../../layout/Page";
import { ProblemPage } from "../../layout/Problem";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Button, buttonClass } from "../../ui/Button";
import { Skeleton } from "../../ui/Empty";
import { Input } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { useEdit } from "../../ui/useEdit";
import { ownErrors, SignIn, Sorting, Where } from "./ServerForm";
import { change, type ServerFields, toFields } from "./serverForm";

const words = t.manage.form;

function Form({ server }: { server: Server }) {
  const router = useRouter();
  const { form, base } = useEdit<Server, ServerFields>(server, toFields);
  const local = server.auth === "local";
  const save = api.useMutation("patch", "/api/v1/servers/{id}", {
    onSuccess: async (now) => {
      toast({ title: words.saved(now.name) });
      await refresh("servers", now.id);
      void router.navigate({ href: paths.server(now.id) });
    },
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  const submit = form.handleSubmit((fields) =>
    save.mutate({
      params: { path: { id: server.id }, header: ifMatch(base.rev) },
      body: change(fields, local),
    }),
  );
  return (
    <form className="form wide" onSubmit={(event) => void submit(event)}>
      {local ? (
        <>
          <Banner look="info" title={words.local} />
          <Input label={words.name} error={problem?.field("name")} required {...form.register("name")} />
        </>
      ) : (
        <>
          <Where fresh={false} form={form} problem={problem} />
          <SignIn fresh={false} form={form} problem={problem} />
        </>
      )}
      <Sorting fresh={false} form={form} problem={problem} />
      <FormProblem
        error={save.error}
        fields={ownErrors}
        onReload={() => {
          save.reset();
          form.reset();
          void refresh("servers", server.id);
        }}
      />
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" type="submit" busy={save.isPending}>
          {words.save}
        </Button>
        <Link className={buttonClass()} to={paths.server(server.id)}>
          {words.cancel}
        </Link>
      </div>
    </form>
  );
}

/** Changes what is stored of a server. */
export function ServerEditPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { data, error, isPending, refetch } = api.useQuery("get", "/api/v1/servers/{id}", {
    params: { path: { id } },
  });
  return (
    <Page
      title={words.edit}
      crumbs={[
        { label: t.layout.servers, to: paths.servers() },
        { label: data?.name ?? "…", to: paths.server(id) },
      ]}
    >
      {error && <ProblemPage error={error} title={words.loadFailed} onRetry={() => void refetch()} />}
      {isPending && <Skeleton label={t.ui.loading} />}
      {data && <Form server={data} />}
    </Page>
  );
}
