import { c } from "../../locales/tls";
import { Banner } from "../../ui/Banner";
import { Input, PasswordInput, Radios, Select } from "../../ui/Field";
import {
  type AcmeForm,
  algorithms,
  challenges,
  hasDnsSecret,
  keyless,
  type Provider,
  providers,
} from "./acme";
import type { PartProps } from "./AuthorityStep";
import { isWildcard } from "./names";
import { wrong } from "./Step";

const words = c.challenge;

/** The secret of a service; one that is stored is kept, and never shown. */
function Secret({ state, form, set, problem, provider }: PartProps & { provider: Provider }) {
  const stored = hasDnsSecret(state, form);
  const server = provider === "rfc2136";
  return (
    <PasswordInput
      label={server ? words.secret : words.token}
      help={stored ? c.authorities.stored : server ? words.secretHelp : words.tokenHelp[provider]}
      value={form.secrets[provider] ?? ""}
      onChange={(event) => set({ secrets: { ...form.secrets, [provider]: event.target.value } })}
      error={wrong(problem, "dns_secret") ?? wrong(problem, "secret")}
      maxLength={4000}
      autoComplete="off"
      required={!stored && !(server && keyless(form.server))}
    />
  );
}

function Server(props: PartProps) {
  const { form, set, problem } = props;
  return (
    <>
      <Input
        mono
        label={words.server}
        help={words.serverHelp}
        placeholder="ns1.example.org:53"
        value={form.server}
        onChange={(event) => set({ server: event.target.value })}
        error={wrong(problem, "server")}
        maxLength={260}
        required
      />
      <div className="pair">
        <Input
          mono
          label={words.keyName}
          placeholder="unity.example.org"
          value={form.key_name}
          onChange={(event) => set({ key_name: event.target.value })}
          error={wrong(problem, "key_name")}
          maxLength={260}
          required={!keyless(form.server)}
        />
        <Select
          label={words.algorithm}
          value={form.algorithm}
          onChange={(event) => set({ algorithm: event.target.value })}
          error={wrong(problem, "algorithm")}
        >
          {algorithms.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
      </div>
      <Secret {...props} provider="rfc2136" />
    </>
  );
}

function Service(props: PartProps & { provider: Exclude<Provider, "rfc2136"> }) {
  const { form, set, problem, provider } = props;
  const api = form.apis[provider] ?? "";
  return (
    <>
      <Secret {...props} />
      <details className="more" open={Boolean(api || wrong(problem, "api")) || undefined}>
        <summary>{c.authorities.more}</summary>
        <div className="form">
          <Input
            mono
            type="url"
            label={words.api}
            help={words.apiHelp}
            value={api}
            onChange={(event) => set({ apis: { ...form.apis, [provider]: event.target.value } })}
            error={wrong(problem, "api")}
            maxLength={500}
          />
        </div>
      </details>
    </>
  );
}

function Zone(props: PartProps) {
  const { form, set, problem } = props;
  const { provider } = form;
  return (
    <>
      <Select
        label={words.provider}
        value={provider}
        onChange={(event) => set({ provider: event.target.value as AcmeForm["provider"] })}
        error={wrong(problem, "provider")}
        required
      >
        <option value="">{words.choose}</option>
        {providers.map((each) => (
          <option key={each} value={each}>
            {words.providers[each]}
          </option>
        ))}
      </Select>
      {provider === "rfc2136" && <Server {...props} />}
      {provider !== "" && provider !== "rfc2136" && <Service {...props} provider={provider} />}
    </>
  );
}

/** How the authority is shown that a name is one's own. */
export function ChallengeFields(props: PartProps & { names: readonly string[] }) {
  const { form, set, names } = props;
  const wild = names.filter(isWildcard);
  return (
    <div className="form wide">
      <Radios
        label={words.label}
        value={form.challenge}
        options={challenges.map((value) => ({ value, label: words.names[value], help: words.help[value] }))}
        onChange={(challenge) => set({ challenge })}
      />
      {wild.length > 0 && form.challenge !== "dns" && (
        <Banner look="warning" title={words.wildcard(wild.join(", "))} />
      )}
      {form.challenge === "dns" && <Zone {...props} />}
    </div>
  );
}
