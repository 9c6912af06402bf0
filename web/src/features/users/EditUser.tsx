import { useForm } from "react-hook-form";

import { api, ifMatch } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import type { UserRow } from "../../api/types";
import { FormDialog } from "../../layout/FormDialog";
import { t } from "../../locales";
import { Checkbox, Input } from "../../ui/Field";
import { toast } from "../../ui/Toast";

const words = t.users.change;

/** Changes an account. */
export function EditUser({ user, onClose }: { user: UserRow; onClose: () => void }) {
  const { register, handleSubmit } = useForm({
    defaultValues: {
      email: user.email,
      is_admin: user.is_admin,
      is_active: user.is_active,
      must_change_password: user.must_change_password,
    },
  });
  const save = api.useMutation("patch", "/api/v1/users/{id}", {
    onSuccess: () => {
      toast({ title: words.done(user.username) });
      onClose();
      return refresh("users");
    },
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  const submit = handleSubmit((values) =>
    save.mutate({
      params: { path: { id: user.id }, header: ifMatch(user.rev) },
      body: { ...values, email: values.email.trim() },
    }),
  );
  return (
    <FormDialog
      title={words.title(user.username)}
      submit={words.submit}
      busy={save.isPending}
      error={save.error}
      fields={["email"]}
      onSubmit={() => void submit()}
      onReload={() => {
        void refresh("users");
        onClose();
      }}
      onClose={onClose}
    >
      <Input
        type="email"
        label={t.users.create.email}
        help={t.users.create.emailHelp}
        error={problem?.field("email")}
        maxLength={254}
        autoComplete="off"
        {...register("email")}
      />
      <Checkbox label={words.active} help={words.activeHelp} {...register("is_active")} />
      <Checkbox label={t.users.create.admin} help={t.users.create.adminHelp} {...register("is_admin")} />
      <Checkbox label={words.mustChange} help={words.mustChangeHelp} {...register("must_change_password")} />
    </FormDialog>
  );
}
