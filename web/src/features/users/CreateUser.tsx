import { useForm, type UseFormReturn } from "react-hook-form";

import { api, request } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { useMe } from "../../api/may";
import type { OneTimeLink } from "../../api/types";
import { FormDialog } from "../../layout/FormDialog";
import { toastProblem } from "../../layout/Problem";
import { type Role, roles } from "../../layout/roles";
import { t } from "../../locales";
import { Choice } from "../../ui/Choice";
import { Checkbox, Input, PasswordInput, Select } from "../../ui/Field";
import { toast } from "../../ui/Toast";

const words = t.users.create;
const shortest = 10;

interface Form {
  username: string;
  email: string;
  admin: boolean;
  role: Role | "";
  how: "link" | "password";
  password: string;
  change: boolean;
}

const blank: Form = {
  username: "",
  email: "",
  admin: false,
  role: "viewer",
  how: "link",
  password: "",
  change: true,
};

interface PartProps {
  form: UseFormReturn<Form>;
  problem: Problem | undefined;
}

function Who({ form: { register }, problem }: PartProps) {
  const me = useMe();
  return (
    <>
      <Input
        label={words.name}
        help={words.nameHelp}
        error={problem?.field("username")}
        maxLength={64}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        required
        {...register("username")}
      />
      <Input
        type="email"
        label={words.email}
        help={words.emailHelp}
        error={problem?.field("email")}
        maxLength={254}
        autoComplete="off"
        {...register("email")}
      />
      <Select
        label={me?.multi_tenancy ? words.roleIn(me.tenant.name) : words.role}
        error={problem?.field("role")}
        {...register("role")}
      >
        <option value="">{words.noRole}</option>
        {roles.map((role) => (
          <option key={role} value={role}>
            {t.roles.names[role]}
          </option>
        ))}
      </Select>
      <Checkbox label={words.admin} help={words.adminHelp} {...register("admin")} />
    </>
  );
}

function Password({ form: { register, watch, setValue }, problem }: PartProps) {
  const how = watch("how");
  return (
    <>
      <div className="grid gap-1">
        <Choice
          label={words.how}
          value={how}
          onChange={(next) => setValue("how", next)}
          options={(["link", "password"] as const).map((value) => ({ value, label: words.hows[value] }))}
        />
        {how === "link" && <p className="help">{words.linkHelp}</p>}
      </div>
      {how === "password" && (
        <>
          <PasswordInput
            label={words.password}
            help={words.passwordHelp}
            error={problem?.field("password")}
            autoComplete="new-password"
            minLength={shortest}
            required
            {...register("password")}
          />
          <Checkbox label={words.mustChange} {...register("change")} />
        </>
      )}
    </>
  );
}

interface CreateUserProps {
  onClose: () => void;
  /** The link that the new user needs, when they have no password yet. */
  onLink: (user: { username: string; email: string }, link: OneTimeLink) => void;
}

/** Makes an account. */
export function CreateUser({ onClose, onLink }: CreateUserProps) {
  const form = useForm<Form>({ defaultValues: blank });
  const create = api.useMutation("post", "/api/v1/users", {
    onSuccess: async (user, { body }) => {
      toast({ title: words.done(user.username) });
      void refresh("users");
      onClose();
      if (body.password) return;
      try {
        const path = { id: user.id };
        const { data } = await request.POST("/api/v1/users/{id}/reset-password", { params: { path } });
        if (data) onLink(user, data);
      } catch (error) {
        toastProblem(words.noLink, error);
      }
    },
  });
  const problem = create.error ? toProblem(create.error) : undefined;
  const submit = form.handleSubmit(({ username, email, admin, role, how, password, change }) =>
    create.mutate({
      body: {
        username: username.trim(),
        email: email.trim(),
        is_admin: admin,
        ...(role && { role }),
        ...(how === "password" && { password, must_change_password: change }),
      },
    }),
  );
  return (
    <FormDialog
      title={words.title}
      submit={words.submit}
      busy={create.isPending}
      error={create.error}
      fields={["username", "email", "role", "password"]}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      <Who form={form} problem={problem} />
      <Password form={form} problem={problem} />
    </FormDialog>
  );
}
