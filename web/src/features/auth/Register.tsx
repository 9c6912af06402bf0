import { useForm } from "react-hook-form";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import type { SignIn } from "../../api/ways";
import { FormProblem } from "../../layout/FormProblem";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Input } from "../../ui/Field";
import { NewPassword } from "./NewPassword";

const words = t.auth.invitation;

interface RegisterProps {
  token: string;
  onAnswer: (answer: SignIn) => void;
}

/** Makes the account of somebody who is invited. */
export function Register({ token, onAnswer }: RegisterProps) {
  const { register, handleSubmit, control } = useForm({ defaultValues: { username: "", password: "" } });
  const create = api.useMutation("post", "/api/v1/auth/register", { onSuccess: onAnswer });
  const problem = create.error ? toProblem(create.error) : undefined;
  const submit = handleSubmit((form) => create.mutate({ body: { token, ...form } }));
  return (
    <form className="grid gap-4" onSubmit={(event) => void submit(event)}>
      <Input
        tall
        label={t.auth.setup.username}
        error={problem?.field("username")}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus
        required
        {...register("username")}
      />
      <NewPassword
        label={t.auth.setup.password}
        control={control}
        name="password"
        error={problem?.field("password")}
      />
      <FormProblem error={create.error} fields={["username", "password"]} />
      <Button kind="primary" size="large" type="submit" busy={create.isPending}>
        {words.create}
      </Button>
    </form>
  );
}
