import { Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useForm } from "react-hook-form";

import { api, request } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import type { TestResult } from "../../api/types";
import { FormProblem } from "../../layout/FormProblem";
import { Page } from "../../layout/Page";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { toast } from "../../ui/Toast";
import { ownErrors, SignIn, Sorting, Where } from "./ServerForm";
import { blank, connection, creation, type ServerFields } from "./serverForm";
import { passed, Stages, TrustKey, waitsForTrust } from "./Stages";

const words = t.manage.form;

// What was checked, so that a result is only shown for what is still typed.
interface Checked {
  of: string;
  result: TestResult;
}

function useCheck(fields: ServerFields) {
  const [checked, setChecked] = useState<Checked>();
  const [trusted, setTrusted] = useState<{ host: string; fingerprint: string }>();
  const test = api.useMutation("post", "/api/v1/servers/test");
  const of = JSON.stringify(connection(fields));
  const host = `${fields.host.trim()} ${fields.port}`;
  const fingerprint = trusted?.host === host ? trusted.fingerprint : undefined;
  const check = (known = fingerprint) =>
    test.mutate(
      { body: { ...connection(fields), ...(known && { trust_fingerprint: known }) } },
      { onSuccess: (result) => setChecked({ of, result }) },
    );
  return {
    test,
    fingerprint,
    result: checked?.of === of ? checked.result : undefined,
    check: () => check(),
    trust: (print: string) => {
      setTrusted({ host, fingerprint: print });
      check(print);
    },
  };
}

async function firstSnapshot(id: string, name: string): Promise<void> {
  const { data } = await request.POST("/api/v1/servers/{id}/snapshots", { params: { path: { id } } });
  toast({
    title: words.added(name),
    body: words.addedBody,
    action: data && (
      <Link className="btn small" to={paths.job(data.id)}>
        {t.servers.showJob}
      </Link>
    ),
  });
}

interface ButtonsProps {
  result: TestResult | undefined;
  testing: boolean;
  adding: boolean;
  onAddAnyway: () => void;
}

function Buttons({ result, testing, adding, onAddAnyway }: ButtonsProps) {
  if (result && passed(result)) {
    return (
      <Button kind="primary" type="submit" busy={adding}>
        {words.add}
      </Button>
    );
  }
  const asks = result !== undefined && waitsForTrust(result);
  return (
    <div className="flex flex-wrap gap-2">
      <Button kind={asks ? "default" : "primary"} type="submit" busy={testing}>
        {result ? words.checkAgain : words.check}
      </Button>
      {result && !testing && (
        <Button kind="quiet" busy={adding} onClick={onAddAnyway}>
          {words.addUnchecked}
        </Button>
      )}
    </div>
  );
}

function useAdd() {
  const router = useRouter();
  return api.useMutation("post", "/api/v1/servers", {
    onSuccess: async (server) => {
      await refresh("servers");
      void router.navigate({ href: paths.server(server.id) });
      if (server.host_key?.trusted) await firstSnapshot(server.id, server.name);
      else toast({ title: words.added(server.name) });
    },
  });
}

/** Adds one server: where it is, how to sign in, a look whether that works, done. */
export function ServerNewPage() {
  const form = useForm<ServerFields>({ defaultValues: blank });
  const { test, result, check, trust, fingerprint } = useCheck(form.watch());
  const add = useAdd();
  const error = add.error ?? test.error;
  const problem = error ? toProblem(error) : undefined;
  const save = (all: ServerFields) => add.mutate({ body: creation(all, fingerprint) });
  const submit = form.handleSubmit((all) => (result && passed(result) ? save(all) : check()));
  const key = result && waitsForTrust(result) ? result.host_key : null;
  return (
    <Page title={words.addTitle} crumbs={[{ label: t.layout.servers, to: paths.servers() }]}>
      <form className="form wide" onSubmit={(event) => void submit(event)}>
        <p className="text-muted">{words.lead}</p>
        <Where fresh form={form} problem={problem} />
        <SignIn fresh form={form} problem={problem} />
        <Sorting fresh form={form} problem={problem} />
        {(test.isPending || result) && <Stages result={test.isPending ? undefined : result} />}
        {key && <TrustKey hostKey={key} busy={test.isPending} onTrust={() => trust(key.fingerprint)} />}
        {result && passed(result) && <Banner look="ok" title={words.works} />}
        <FormProblem error={error} fields={ownErrors} />
        <Buttons
          result={result}
          testing={test.isPending}
          adding={add.isPending}
          onAddAnyway={() => void form.handleSubmit(save)()}
        />
      </form>
    </Page>
  );
}
