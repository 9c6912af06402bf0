import { useQuery } from "@tanstack/react-query";
import { LogOut } from "lucide-react";
import { useForm } from "react-hook-form";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { meQuery } from "../../api/session";
import { FormProblem } from "../../layout/FormProblem";
import { useSignOut } from "../../layout/MorePage";
import { SettingsPage } from "../../layout/SettingsPage";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Facts, Section } from "../../ui/Facts";
import { PasswordInput } from "../../ui/Field";
import { Segmented } from "../../ui/Segmented";
import { setTheme, useTheme } from "../../ui/theme";
import { toast } from "../../ui/Toast";

const shortest = 10;
const empty = { current_password: "", new_password: "", again: "" };

function Password({ username }: { username: string }) {
  const words = t.account.password;
  const { register, handleSubmit, reset, formState } = useForm({ defaultValues: empty });
  const change = api.useMutation("post", "/api/v1/auth/change-password", {
    onSuccess: () => {
      reset(empty);
      toast({ title: words.saved, body: words.savedBody });
      return refresh("auth/sessions");
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

/** The person who is signed in: password, theme, the way out. */
export function AccountPage() {
  const me = useQuery(meQuery()).data;
  const theme = useTheme();
  const signOut = useSignOut();
  if (!me) return null;
  const role = me.user.is_admin
    ? t.account.admin
    : me.memberships.find((each) => each.tenant_id === me.tenant.id)?.role;
  return (
    <SettingsPage title={t.account.title} lead={t.account.lead}>
      <Section
        title={t.account.you}
        end={
          <Button
            size="small"
            icon={<LogOut className="icon" aria-hidden="true" />}
            onClick={() => void signOut()}
          >
            {t.account.signOut}
          </Button>
        }
      >
        <Facts
          facts={[
            [t.account.name, me.user.username],
            [t.account.role, role],
          ]}
        />
      </Section>
      <Section
        title={t.account.theme}
        end={<span className="text-sm text-faint">{t.account.themeHelp}</span>}
      >
        <Segmented
          size="normal"
          label={t.account.theme}
          value={theme}
          onChange={setTheme}
          options={(["system", "light", "dark"] as const).map((value) => ({
            value,
            label: t.layout.theme[value],
          }))}
        />
      </Section>
      <Password username={me.user.username} />
    </SettingsPage>
  );
}
