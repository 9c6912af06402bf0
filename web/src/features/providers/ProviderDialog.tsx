import { useForm, type UseFormReturn } from "react-hook-form";

import { api, ifMatch } from "../../api/client";
import type { Provider } from "../../api/types";
import { type Problem, toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { FormDialog } from "../../layout/FormDialog";
import { p } from "../../locales/providers";
import { Checkbox, Input, PasswordInput } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { mask, type ProviderForm, toDraft, toForm } from "./provider";
import { Rules } from "./Rules";

const words = p.form;
const fields = ["name", "issuer", "client_id", "client_secret", "scopes", "username_claim"];
interface PartProps {
  form: UseFormReturn<ProviderForm>;
  problem: Problem | undefined;
}

function Where({ form: { register }, problem, stored }: PartProps & { stored: boolean }) {
  return (
    <>
      <div className="pair">
        <Input
          label={words.name}
          help={words.nameHelp}
          error={problem?.field("name")}
          maxLength={64}
          required
          {...register("name")}
        />
        <Input
          type="url"
          label={words.issuer}
          help={words.issuerHelp}
          placeholder="https://login.example.org/realms/home"
          error={problem?.field("issuer")}
          maxLength={500}
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          required
          {...register("issuer")}
        />
      </div>
      <div className="pair">
        <Input
          mono
          label={words.client}
          error={problem?.field("client_id")}
          maxLength={200}
          required
          {...register("client_id")}
        />
        <PasswordInput
          label={words.secret}
          help={stored ? words.secretStored : words.secretHelp}
          error={problem?.field("client_secret")}
          autoComplete="off"
          maxLength={1000}
          {...register("client_secret")}
        />
      </div>
      <div className="pair">
        <Input
          mono
          label={words.scopes}
          help={words.scopesHelp}
          error={problem?.field("scopes")}
          {...register("scopes")}
        />
        <Input
          mono
          label={words.claim}
          help={words.claimHelp}
          error={problem?.field("username_claim")}
          maxLength={200}
          required
          {...register("username_claim")}
        />
      </div>
    </>
  );
}

function Who({ form: { register } }: PartProps) {
  return (
    <fieldset>
      <legend>{words.who}</legend>
      <Checkbox label={words.enabled} help={words.enabledHelp} {...register("enabled")} />
      <Checkbox label={words.create} help={words.createHelp} {...register("create_users")} />
      <Checkbox label={words.link} help={words.linkHelp} {...register("link_email")} />
      <Checkbox label={words.trust} help={words.trustHelp} {...register("trust_email")} />
      <Checkbox label={words.factor} help={words.factorHelp} {...register("second_factor")} />
    </fieldset>
  );
}

function useSave(provider: Provider | undefined, onClose: () => void) {
  const done = (title: string, body?: string) => {
    toast({ title, ...(body && { body }) });
    onClose();
    return refresh("providers");
  };
  const create = api.useMutation("post", "/api/v1/providers", {
    onSuccess: ({ name }) => done(words.created(name), words.createdBody),
  });
  const update = api.useMutation("patch", "/api/v1/providers/{id}", {
    onSuccess: ({ name }) => done(words.saved(name)),
  });
  const save = (form: ProviderForm) => {
    const body = toDraft(form);
    if (!provider) return create.mutate({ body });
    update.mutate({ params: { path: { id: provider.id }, header: ifMatch(provider.rev) }, body });
  };
  return { save, busy: create.isPending || update.isPending, error: create.error ?? update.error };
}

interface ProviderDialogProps {
  /** Undefined: a new one. */
  provider: Provider | undefined;
  onClose: () => void;
}

/** Adds a provider, or changes one. */
export function ProviderDialog({ provider, onClose }: ProviderDialogProps) {
  const form = useForm<ProviderForm>({ defaultValues: toForm(provider) });
  const { save, busy, error } = useSave(provider, onClose);
  const problem = error ? toProblem(error) : undefined;
  const rules = ["claim", "value", "tenant", "role"].flatMap((field) =>
    form.getValues("mappings").map((_, index) => `mappings[${index}].${field}`),
  );
  return (
    <FormDialog
      wide
      title={provider ? words.editTitle(provider.name) : words.addTitle}
      submit={provider ? words.save : words.createProvider}
      busy={busy}
      error={error}
      fields={[...fields, ...rules]}
      onSubmit={() => void form.handleSubmit(save)()}
      onReload={() => {
        void refresh("providers");
        onClose();
      }}
      onClose={onClose}
    >
      <Where form={form} problem={problem} stored={provider?.client_secret === mask} />
      <Who form={form} problem={problem} />
      <Rules form={form} problem={problem} />
    </FormDialog>
  );
}
