import { useRouter } from "@tanstack/react-router";
import { useForm } from "react-hook-form";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { FormProblem } from "../../layout/FormProblem";
import { Lone } from "../../layout/Lone";
import { NewPassword } from "../../layout/NewPassword";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { PasswordInput } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { DeadLink, isDead } from "./DeadLink";
import { useToken } from "./token";

const words = t.auth.reset;

/** Sets a new password by a link that works once. */
export function ResetPage() {
  const router = useRouter();
  const token = useToken();
  const { register, handleSubmit, control, formState } = useForm({
    defaultValues: { password: "", again: "" },
  });
  const reset = api.useMutation("post", "/api/v1/auth/reset", {
    onSuccess: () => {
      toast({ title: words.done, body: words.doneBody });
      router.history.replace(paths.signIn());
    },
  });
  const problem = reset.error ? toProblem(reset.error) : undefined;
  const submit = handleSubmit(({ password }) => reset.mutate({ body: { token, password } }));
  if (!token || isDead(problem)) return <DeadLink page={words.page} problem={problem} />;
  return (
    <Lone page={words.page} title={words.title} lead={words.lead}>
      <form className="grid gap-4" onSubmit={(event) => void submit(event)}>
        <NewPassword
          autoFocus
          label={words.password}
          control={control}
          name="password"
          error={problem?.field("password")}
        />
        <PasswordInput
          tall
          required
          label={words.again}
          autoComplete="new-password"
          error={formState.errors.again?.message}
          {...register("again", { validate: (text, all) => text === all.password || words.differ })}
        />
        <FormProblem error={reset.error} fields={["password"]} />
        <Button kind="primary" size="large" type="submit" busy={reset.isPending}>
          {words.submit}
        </Button>
      </form>
    </Lone>
  );
}
