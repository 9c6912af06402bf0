import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useForm } from "react-hook-form";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { forget } from "../../api/session";
import { FormProblem } from "../../layout/FormProblem";
import { Lone } from "../../layout/Lone";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Input } from "../../ui/Field";
import { Status } from "../../ui/mark";
import { Segmented } from "../../ui/Segmented";
import { Account, type AccountForm } from "./Account";
import { useToken } from "./token";

function Fresh({ token }: { token: string }) {
  const router = useRouter();
  const form = useForm<AccountForm>({ defaultValues: { token, username: "", password: "" } });
  const setup = api.useMutation("post", "/api/v1/setup", {
    onSuccess: () => {
      forget();
      router.history.replace(paths.overview());
    },
  });
  const problem = setup.error ? toProblem(setup.error) : undefined;
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => void form.handleSubmit((body) => setup.mutate({ body }))(event)}
    >
      {!token && (
        <Input
          tall
          mono
          label={t.auth.setup.token}
          help={t.auth.setup.tokenHelp}
          error={problem?.field("token")}
          autoComplete="off"
          spellCheck={false}
          required
          {...form.register("token")}
        />
      )}
      <Account form={form} problem={problem} />
      <FormProblem error={setup.error} fields={["token", "username", "password"]} />
      <Button kind="primary" size="large" type="submit" busy={setup.isPending}>
        {t.auth.setup.submit}
      </Button>
    </form>
  );
}

function Restore() {
  return (
    <div className="grid gap-3">
      <p>{t.auth.setup.restoreLead}</p>
      <div className="row rounded-md border border-line-strong py-2 pr-2 pl-3">
        <code className="flex-1">{t.auth.setup.restoreCommand}</code>
        <Copy text={t.auth.setup.restoreCommand} label={t.auth.setup.copyCommand} />
      </div>
      <p className="text-muted">{t.auth.setup.restoreThen}</p>
    </div>
  );
}

/** The first page of a new appliance: its first administrator. */
export function SetupPage() {
  const token = useToken();
  const [how, setHow] = useState<"fresh" | "restore">("fresh");
  return (
    <Lone
      page={t.auth.setup.page}
      title={t.auth.setup.title(location.hostname)}
      lead={t.auth.setup.lead}
      status={token && <Status look="ok">{t.auth.setup.tokenFound}</Status>}
    >
      <Segmented
        full
        size="normal"
        label={t.auth.setup.start}
        value={how}
        onChange={setHow}
        options={[
          { value: "fresh", label: t.auth.setup.fresh },
          { value: "restore", label: t.auth.setup.restore },
        ]}
      />
      {how === "fresh" ? <Fresh token={token} /> : <Restore />}
    </Lone>
  );
}
