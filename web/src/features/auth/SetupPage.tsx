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
import { Input } from "../../ui/Field";
import { Status } from "../../ui/mark";
import { Segmented } from "../../ui/Segmented";
import { Account, type AccountForm } from "./Account";
import { Rescue } from "./Rescue";
import { RescueProgress } from "./RescueProgress";
import { noAnswers, useRescue } from "./answers";
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

/** The first page of a new appliance: its first administrator, or everything there was before. */
export function SetupPage() {
  const token = useToken();
  const [how, setHow] = useState<"fresh" | "restore">("fresh");
  const [moment, setMoment] = useState<string>();
  const [answers, setAnswers] = useState(() => noAnswers(token)); // they outlive a try that fails
  const [given, setGiven] = useState(false); // a restore that failed was seen, and is given up
  const rescue = useRescue();
  const goes = rescue && rescue.state !== "none" && !(rescue.state === "failed" && given);
  if (goes) return <RescueProgress state={rescue} moment={moment} onAgain={() => setGiven(true)} />;
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
      {how === "fresh" ? (
        <Fresh token={token} />
      ) : (
        <Rescue
          token={token}
          answers={answers}
          onAnswers={setAnswers}
          onStart={(to) => {
            setGiven(false);
            setMoment(to);
          }}
        />
      )}
    </Lone>
  );
}
