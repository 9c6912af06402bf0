import { useForm } from "react-hook-form";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import type { SignIn } from "../../api/ways";
import { FormProblem } from "../../layout/FormProblem";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Account, type AccountForm } from "./Account";

const words = t.auth.invitation;

interface RegisterProps {
  token: string;
  onAnswer: (answer: SignIn) => void;
}

/** Makes the account of somebody who is invited. */
export function Register({ token, onAnswer }: RegisterProps) {
  const form = useForm<AccountForm>({ defaultValues: { token, username: "", password: "" } });
  const create = api.useMutation("post", "/api/v1/auth/register", { onSuccess: onAnswer });
  const submit = form.handleSubmit((body) => create.mutate({ body }));
  return (
    <form className="grid gap-4" onSubmit={(event) => void submit(event)}>
      <Account form={form} problem={create.error ? toProblem(create.error) : undefined} />
      <FormProblem error={create.error} fields={["username", "password"]} />
      <Button kind="primary" size="large" type="submit" busy={create.isPending}>
        {words.create}
      </Button>
    </form>
  );
}
