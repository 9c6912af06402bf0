import type { UseFormReturn } from "react-hook-form";

import type { Problem } from "../../api/errors";
import { NewPassword } from "../../layout/NewPassword";
import { t } from "../../locales";
import { Input } from "../../ui/Field";

/** What makes an account: the token that allows it, a name and a password. */
export interface AccountForm {
  token: string;
  username: string;
  password: string;
}

interface AccountProps {
  form: UseFormReturn<AccountForm>;
  problem: Problem | undefined;
}

/** The name and the password of an account that is being made. */
export function Account({ form, problem }: AccountProps) {
  return (
    <>
      <Input
        tall
        label={t.auth.setup.username}
        error={problem?.field("username")}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus
        required
        {...form.register("username")}
      />
      <NewPassword
        label={t.auth.setup.password}
        control={form.control}
        name="password"
        error={problem?.field("password")}
      />
    </>
  );
}
