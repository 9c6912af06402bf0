import { LogOut } from "lucide-react";
import { useForm } from "react-hook-form";

import { toProblem } from "../../api/errors";
import type { components } from "../../api/schema";
import { FormProblem } from "../../layout/FormProblem";
import { useSignOut } from "../../layout/MorePage";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Facts, Section } from "../../ui/Facts";
import { Input } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { useSaveMe } from "./useSaveMe";

const words = t.account;

type Me = components["schemas"]["Me"];

function Email({ user }: { user: Me["user"] }) {
  const { register, handleSubmit, formState } = useForm({ values: { email: user.email } });
  const save = useSaveMe();
  const problem = save.error ? toProblem(save.error) : undefined;
  const submit = handleSubmit(({ email }) =>
    save.mutate({ body: { email: email.trim() } }, { onSuccess: () => toast({ title: words.emailSaved }) }),
  );
  return (
    <form className="form mt-4" noValidate onSubmit={(event) => void submit(event)}>
      <Input
        type="email"
        label={words.email}
        help={words.emailHelp}
        error={problem?.field("email")}
        autoComplete="email"
        maxLength={254}
        {...register("email")}
      />
      <FormProblem error={save.error} fields={["email"]} />
      <div>
        <Button type="submit" kind={formState.isDirty ? "primary" : "default"} busy={save.isPending}>
          {words.saveEmail}
        </Button>
      </div>
    </form>
  );
}

function roleOf(me: Me): string {
  const role = words.roles[me.role as keyof typeof words.roles] ?? me.role;
  if (!me.user.is_admin) return role;
  return role ? `${words.admin}, ${role.toLowerCase()}` : words.admin;
}

/** Who is signed in, and the way out. */
export function You({ me }: { me: Me }) {
  const signOut = useSignOut();
  return (
    <Section
      title={words.you}
      end={
        <Button
          size="small"
          icon={<LogOut className="icon" aria-hidden="true" />}
          onClick={() => void signOut()}
        >
          {words.signOut}
        </Button>
      }
    >
      <Facts
        facts={[
          [words.name, me.user.username],
          [words.role, roleOf(me)],
        ]}
      />
      <Email user={me.user} />
    </Section>
  );
}
