import { useRouter } from "@tanstack/react-router";
import { useForm } from "react-hook-form";

import { api } from "../../api/client";
import { forget } from "../../api/session";
import { Lone } from "../../layout/Lone";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { PasswordInput } from "../../ui/Field";
import { Status } from "../../ui/mark";

/** Gives a sealed appliance its passphrase. */
export function UnlockPage() {
  const router = useRouter();
  const { register, handleSubmit, reset } = useForm({ defaultValues: { passphrase: "" } });
  const unlock = api.useMutation("post", "/api/v1/unlock", {
    onSuccess: () => {
      forget();
      router.history.replace(paths.overview());
    },
    onError: () => reset(),
  });
  return (
    <Lone
      page={t.auth.unlock.page}
      title={t.auth.unlock.title(location.hostname)}
      lead={t.auth.unlock.lead}
      status={<Status look={{ shape: "square", tone: "info" }}>{t.auth.unlock.status}</Status>}
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => void handleSubmit((body) => unlock.mutate({ body }))(event)}
      >
        <PasswordInput
          tall
          autoFocus
          required
          label={t.auth.unlock.passphrase}
          autoComplete="off"
          {...register("passphrase")}
        />
        {unlock.error && <ProblemBanner error={unlock.error} />}
        <Button kind="primary" size="large" type="submit" busy={unlock.isPending}>
          {t.auth.unlock.submit}
        </Button>
      </form>
    </Lone>
  );
}
