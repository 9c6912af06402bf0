import { useForm } from "react-hook-form";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { FormProblem } from "../../layout/FormProblem";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Facts";
import { PasswordInput } from "../../ui/Field";
import { toast } from "../../ui/Toast";

const shortest = 10;
const empty = { current_password: "", new_password: "", again: "" };

/** Changes the password. */
export function Password({ username }: { username: string }) {
  const words = t.account.password;
  const { register, handleSubmit, reset, formState } = useForm({ defaultValues: empty });
  const change = api.useMutation("post", "/api/v1/auth/change-password", {
    onSuccess: () => {
      reset(empty);
      toast({ title: words.saved, body: words.savedBody });
      return refresh("auth");
    },
  });
  const problem = change.error ? toProblem(change.error) : undefined;
  const submit = handleSubmit(({ current_password, new_password }) =>
    change.mutate({ body: { current_password, new_password } }),
  );
  return (
    <Section title={words.title}>
      <form className="form" onSubmit={(event) => void submit(event)}>
        <input type="text" name="username" autoComplete="username" defaultValue={username} hidden readOnly />
        <PasswordInput
          label={words.current}
          autoComplete="current-password"
          error={problem?.field("current_password")}
          required
          {...register("current_password")}
        />
        <PasswordInput
          label={words.next}
          help={words.nextHelp}
          autoComplete="new-password"
          minLength={shortest}
          error={problem?.field("new_password")}
          required
          {...register("new_password")}
        />
        <PasswordInput
          label={words.again}
          autoComplete="new-password"
          error={formState.errors.again?.message}
          required
          {...register("again", { validate: (text, all) => text === all.new_password || words.differ })}
        />
        <FormProblem error={change.error} fields={["current_password", "new_password"]} />
        <div>
          <Button type="submit" kind={formState.isDirty ? "primary" : "default"} busy={change.isPending}>
            {words.save}
          </Button>
        </div>
      </form>
    </Section>
  );
}
