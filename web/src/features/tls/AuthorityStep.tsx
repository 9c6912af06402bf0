import type { Problem } from "../../api/errors";
import { c } from "../../locales/tls";
import { Input, PasswordInput, Radios } from "../../ui/Field";
import { type AcmeForm, authorities, type Binding, bindingOf, bound, hasEabSecret } from "./acme";
import { PemField } from "./PemField";
import { wrong } from "./Step";
import type { Tls } from "./types";

const words = c.authorities;

/** What a step is given of what is typed. */
export interface PartProps {
  state: Tls;
  form: AcmeForm;
  set: (change: Partial<AcmeForm>) => void;
  problem: Problem | undefined;
}

/** An authority of one's own. */
function Other({ form, set, problem }: PartProps) {
  return (
    <>
      <Input
        mono
        type="url"
        label={words.directory}
        help={words.directoryHelp}
        placeholder="https://ca.example.org/acme/acme/directory"
        value={form.directory}
        onChange={(event) => set({ directory: event.target.value })}
        error={wrong(problem, "directory")}
        pattern="https://.*"
        maxLength={500}
        required
      />
      <PemField
        label={`${words.roots} (${c.acme.optional})`}
        help={words.rootsHelp}
        rows={3}
        placeholder="-----BEGIN CERTIFICATE-----"
        value={form.roots}
        onChange={(roots) => set({ roots })}
        error={wrong(problem, "roots")}
      />
    </>
  );
}

function Account({ state, form, set, problem, must }: PartProps & { must: boolean }) {
  const { authority, bindings } = form;
  const binding = bindingOf(form);
  const change = (part: Partial<Binding>) =>
    set({ bindings: { ...bindings, [authority]: { ...binding, ...part } } });
  const stored = hasEabSecret(state, form);
  return (
    <fieldset>
      <legend>
        {words.eab} {!must && <span className="text-faint">({c.acme.optional})</span>}
      </legend>
      <p className="text-sm text-muted">{must ? words.eabLead : words.eabLeadMaybe}</p>
      <div className="pair">
        <Input
          mono
          label={words.keyID}
          value={binding.id}
          onChange={(event) => change({ id: event.target.value })}
          error={wrong(problem, "eab_key_id")}
          maxLength={500}
          required={must}
        />
        <PasswordInput
          label={words.key}
          help={stored ? words.stored : words.keyHelp}
          value={binding.key}
          onChange={(event) => change({ key: event.target.value })}
          error={wrong(problem, "eab_secret")}
          autoComplete="off"
          required={binding.id.trim() !== "" && !stored}
        />
      </div>
    </fieldset>
  );
}

function More({ form, set, problem }: PartProps) {
  const open = Boolean(
    form.resolver || form.staging || wrong(problem, "resolver") || wrong(problem, "staging"),
  );
  return (
    <details className="more" open={open || undefined}>
      <summary>{words.more}</summary>
      <div className="form">
        {form.authority === "other" && (
          <Input
            mono
            type="url"
            label={words.staging}
            help={words.stagingHelp}
            value={form.staging}
            onChange={(event) => set({ staging: event.target.value })}
            error={wrong(problem, "staging")}
            pattern="https://.*"
            maxLength={500}
          />
        )}
        <Input
          mono
          label={words.resolver}
          help={words.resolverHelp}
          placeholder="9.9.9.9:53"
          value={form.resolver}
          onChange={(event) => set({ resolver: event.target.value })}
          error={wrong(problem, "resolver")}
          maxLength={260}
        />
      </div>
    </details>
  );
}

/** Who is asked for certificates. */
export function AuthorityFields(props: PartProps & { binding: boolean }) {
  const { form, set, problem, binding } = props;
  const { authority } = form;
  const must = bound(authority) ?? binding;
  return (
    <div className="form wide">
      <Radios
        label={words.label}
        value={authority}
        options={authorities.map((value) => ({ value, label: words.names[value], help: words.help[value] }))}
        onChange={(next) => set({ authority: next })}
      />
      {authority === "other" && <Other {...props} />}
      <Input
        type="email"
        label={words.email}
        help={words.emailHelp}
        value={form.email}
        onChange={(event) => set({ email: event.target.value })}
        error={wrong(problem, "email")}
        maxLength={254}
        autoComplete="email"
        required
      />
      {(must || authority === "other") && <Account {...props} must={must} />}
      <More {...props} />
    </div>
  );
}
