import { useRouter } from "@tanstack/react-router";
import { useForm } from "react-hook-form";

import { api } from "../../api/client";
import { forget } from "../../api/session";
import { Lone } from "../../layout/Lone";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Input, PasswordInput } from "../../ui/Field";
import { wayBack } from "./next";

/** Name and password, then back to where one was going. */
export function SignInPage() {
  const router = useRouter();
  const { register, handleSubmit, resetField, setFocus, getValues } = useForm({
    defaultValues: { username: "", password: "" },
  });
  const login = api.useMutation("post", "/api/v1/auth/login", {
    onSuccess: () => {
      forget();
      router.history.replace(wayBack(location.search));
    },
    onError: () => {
      resetField("password");
      setFocus("password");
    },
  });
  return (
    <Lone page={t.auth.signIn.page} title={t.auth.signIn.title}>
      <form
        className="grid gap-4"
        onSubmit={(event) => void handleSubmit((body) => login.mutate({ body }))(event)}
      >
        <Input
          tall
          label={t.auth.signIn.username}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          {...register("username")}
        />
        <PasswordInput
          tall
          label={t.auth.signIn.password}
          autoComplete="current-password"
          required
          {...register("password")}
        />
        {login.error && (
          <>
            <ProblemBanner error={login.error} />
            <p className="row flex-wrap text-sm text-muted">
              {t.auth.signIn.forgot}
              <code>{t.auth.signIn.forgotCommand(getValues("username"))}</code>
              <Copy
                text={t.auth.signIn.forgotCommand(getValues("username"))}
                label={t.auth.signIn.copyCommand}
              />
            </p>
          </>
        )}
        <Button kind="primary" size="large" type="submit" busy={login.isPending}>
          {t.auth.signIn.submit}
        </Button>
      </form>
    </Lone>
  );
}
