import { useQuery } from "@tanstack/react-query";
import { useForm } from "react-hook-form";

import { api } from "../../api/client";
import { passkeysWork, type SignIn, type Ways, waysQuery } from "../../api/ways";
import { Lone } from "../../layout/Lone";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Skeleton } from "../../ui/Empty";
import { Input, PasswordInput } from "../../ui/Field";
import { exact } from "../../ui/format";
import { Or } from "./Or";
import { PasskeyButton, Providers } from "./Ways";

const words = t.auth.signIn;

function Forgot({ name }: { name: string }) {
  return (
    <p className="row flex-wrap text-sm text-muted">
      {words.forgot}
      <code>{words.forgotCommand(name)}</code>
      <Copy text={words.forgotCommand(name)} label={words.copyCommand} />
    </p>
  );
}

function PasswordForm({ onAnswer }: { onAnswer: (answer: SignIn) => void }) {
  const { register, handleSubmit, resetField, setFocus, getValues } = useForm({
    defaultValues: { username: "", password: "" },
  });
  const login = api.useMutation("post", "/api/v1/auth/login", {
    onSuccess: onAnswer,
    onError: () => {
      resetField("password");
      setFocus("password");
    },
  });
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => void handleSubmit((body) => login.mutate({ body }))(event)}
    >
      <Input
        tall
        label={words.username}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus
        required
        {...register("username")}
      />
      <PasswordInput
        tall
        label={words.password}
        autoComplete="current-password"
        required
        {...register("password")}
      />
      {login.error && (
        <>
          <ProblemBanner error={login.error} />
          <Forgot name={getValues("username")} />
        </>
      )}
      <Button kind="primary" size="large" type="submit" busy={login.isPending}>
        {words.submit}
      </Button>
    </form>
  );
}

interface FirstStepProps {
  next: string;
  /** The moment that the appliance was restored to just now; empty: it was not. */
  restored: string;
  /** Why the person is here again. */
  error?: unknown;
  onAnswer: (answer: SignIn) => void;
}

function Choices({ ways, next, onAnswer }: Pick<FirstStepProps, "next" | "onAnswer"> & { ways: Ways }) {
  const others = passkeysWork() || ways.items.length > 0;
  if (!ways.password && !others) return <p>{words.noWay}</p>;
  return (
    <>
      {ways.password && <PasswordForm onAnswer={onAnswer} />}
      {ways.password && others && <Or />}
      {others && (
        <div className="grid gap-2">
          <PasskeyButton onAnswer={onAnswer}>{words.passkey}</PasskeyButton>
          <Providers next={next} />
        </div>
      )}
    </>
  );
}

/** Who is it? By name and password, with a passkey, or through an identity provider. */
export function FirstStep({ next, restored, error, onAnswer }: FirstStepProps) {
  const ways = useQuery(waysQuery()).data;
  return (
    <Lone page={words.page} title={words.title} lead={ways?.password === false && words.noPasswords}>
      {!Number.isNaN(Date.parse(restored)) && (
        <Banner look="done" title={words.restored(exact(restored))}>
          {words.restoredBody}
        </Banner>
      )}
      {error !== undefined && <ProblemBanner error={error} />}
      {ways ? (
        <Choices ways={ways} next={next} onAnswer={onAnswer} />
      ) : (
        <Skeleton label={t.ui.loading} lines={3} />
      )}
    </Lone>
  );
}
