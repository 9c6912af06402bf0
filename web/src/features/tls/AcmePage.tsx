import "./tls.css";

import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { api, ifMatch } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { FormProblem } from "../../layout/FormProblem";
import { Loaded } from "../../layout/Loaded";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { c } from "../../locales/tls";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { buttonClass } from "../../ui/Button";
import {
  type AcmeForm,
  directoryOf,
  type Step as StepName,
  stepOf,
  stepOfField,
  steps,
  toAcme,
  toForm,
  toSecrets,
} from "./acme";
import { AskedList } from "./AskedStep";
import { AuthorityFields } from "./AuthorityStep";
import { ChallengeFields } from "./ChallengeStep";
import { Findings, somePass } from "./CheckStep";
import { attemptsOf } from "./names";
import { NamesList } from "./NamesStep";
import { useTls } from "./queries";
import { Step, type StepProps } from "./Step";
import type { Tls } from "./types";
import { useChecks } from "./useChecks";

const words = c.acme;

function Steps({ now, onGo }: { now: StepName; onGo: (step: StepName) => void }) {
  const at = steps.indexOf(now);
  return (
    <ol className="tls-steps">
      {steps.map((step, i) => (
        <li key={step} aria-current={step === now ? "step" : undefined}>
          <span className="max-md:hidden" aria-hidden="true">
            {i + 1}
          </span>
          {i < at && now !== "asked" ? (
            <button type="button" onClick={() => onGo(step)}>
              {words.steps[step]}
            </button>
          ) : (
            <span className="max-md:hidden">{words.steps[step]}</span>
          )}
          {step === now && <span className="md:hidden">{words.step(i + 1, steps.length)}</span>}
        </li>
      ))}
    </ol>
  );
}

/** The step of the address, or the first one that can be there. */
function useStep(form: AcmeForm, state: Tls): [StepName, (step: StepName) => void] {
  const [url, setUrl] = useUrl();
  const asked = stepOf(url.get("step"));
  const filled = form.email !== "" && directoryOf(form) !== "";
  const there = asked === "asked" ? state.mode === "acme" && state.acme.agreed : filled;
  return [there ? asked : "authority", (step) => setUrl({ step })];
}

/** Saves what is typed; a field that is refused leads to its step. */
function useSave(state: Tls, form: AcmeForm, go: (step: StepName) => void) {
  const [base] = useState(state);
  const [before, setBefore] = useState<Readonly<Record<string, string>>>({});
  const save = api.useMutation("patch", "/api/v1/tls", {
    onSuccess: ({ names }) => {
      setBefore(attemptsOf(names));
      go("asked");
      return refresh("tls");
    },
    onError: (error) => {
      const [first] = toProblem(error).fields;
      if (first) go(stepOfField(first.field));
    },
  });
  // Names that were added here make a new revision; settings that others changed are not written over.
  const same = JSON.stringify([base.mode, base.acme]) === JSON.stringify([state.mode, state.acme]);
  const send = () =>
    save.mutate({
      params: { header: ifMatch(same ? state.rev : base.rev) },
      body: { mode: "acme", acme: toAcme(form), ...toSecrets(state, form) },
    });
  return { save, send, before };
}

const known = [
  "directory",
  "staging",
  "email",
  "roots",
  "resolver",
  "eab_key_id",
  "eab_secret",
  "provider",
  "server",
  "key_name",
  "algorithm",
  "api",
  "dns_secret",
  "secret",
];

const problemOf = (error: unknown) => (error ? toProblem(error) : undefined);

/** Fields that say themselves what is wrong with them. */
const spoken = (error: unknown): string[] =>
  toProblem(error)
    .fields.map(({ field }) => field.replace(/^body\./, ""))
    .filter((field) => known.includes(field.split(".").pop() ?? ""));

function useWizard(state: Tls) {
  const [form, setForm] = useState(() => toForm(state));
  const [step, setStep] = useStep(form, state);
  const [opened, setOpened] = useState(true);
  const go = (next: StepName) => {
    setOpened(false);
    setStep(next);
  };
  const checks = useChecks();
  const { save, send, before } = useSave(state, form, go);
  const set = (change: Partial<AcmeForm>) => {
    setForm((now) => ({ ...now, ...change }));
    if (!("agreed" in change)) save.reset(); // what was refused may be mended
  };
  return { form, set, step, go, opened, checks, save, send, before };
}

interface PartProps {
  state: Tls;
  wizard: ReturnType<typeof useWizard>;
  /** What every step is framed by. */
  frame: Pick<StepProps, "title" | "opened" | "onBack" | "onNext">;
  /** What was refused, and is not said by a field. */
  refused: ReactNode;
}

const given = ({ names }: Tls) => names.filter(({ own }) => !own);
const namesOf = (state: Tls) => given(state).map(({ name }) => name);

function AuthorityPart({ state, wizard, frame, refused }: PartProps) {
  const { form, set, save, checks } = wizard;
  const binding = checks.checked.some(({ report }) => report?.binding);
  return (
    <Step {...frame}>
      <AuthorityFields
        state={state}
        form={form}
        set={set}
        problem={problemOf(save.error)}
        binding={binding}
      />
      {refused}
    </Step>
  );
}

function NamesPart({ state, frame }: PartProps) {
  const names = given(state);
  return (
    <Step {...frame} lead={c.acmeNames.lead} why={names.length === 0 ? c.acmeNames.noneBody : undefined}>
      <NamesList names={names} />
    </Step>
  );
}

function ChallengePart({ state, wizard: { form, set, save }, frame, refused }: PartProps) {
  return (
    <Step {...frame}>
      <ChallengeFields
        state={state}
        form={form}
        set={set}
        problem={problemOf(save.error)}
        names={namesOf(state)}
      />
      {refused}
    </Step>
  );
}

function CheckPart({ state, wizard: { form, set, save, send, checks }, frame, refused }: PartProps) {
  const { running, checked } = checks;
  const blocked = running ? c.check.running(running) : c.check.none;
  return (
    <Step
      {...frame}
      lead={c.check.lead}
      next={c.check.save}
      busy={save.isPending}
      why={!running && somePass(checked) ? undefined : blocked}
      onNext={send}
    >
      <Findings form={form} names={namesOf(state)} checks={checks} onAgree={(agreed) => set({ agreed })} />
      {refused}
    </Step>
  );
}

function AskedPart({ wizard: { form, before, go }, frame: { title, opened } }: PartProps) {
  const trial = form.authority === "letsencrypt" || form.staging !== "";
  return (
    <Step title={title} opened={opened} lead={trial ? `${c.asked.lead} ${c.asked.trial}` : c.asked.lead}>
      <AskedList before={before} onChange={() => go("authority")} />
    </Step>
  );
}

const parts = {
  authority: AuthorityPart,
  names: NamesPart,
  challenge: ChallengePart,
  check: CheckPart,
  asked: AskedPart,
} as const;

function Wizard({ state, onReload }: { state: Tls; onReload: () => void }) {
  const wizard = useWizard(state);
  const { step, go, opened, save } = wizard;
  const at = steps.indexOf(step);
  const Part = parts[step];
  return (
    <>
      <Steps now={step} onGo={go} />
      <Part
        state={state}
        wizard={wizard}
        frame={{
          title: words.steps[step],
          opened,
          onBack: at > 0 ? () => go(steps[at - 1]!) : undefined,
          onNext: () => go(steps[at + 1]!),
        }}
        refused={<FormProblem error={save.error} fields={spoken(save.error)} onReload={onReload} />}
      />
    </>
  );
}

function Body({ state }: { state: Tls }) {
  const [begun, setBegun] = useState(0); // anew, with what is stored now
  if (state.mode_fixed && state.mode !== "acme") return <Banner look="info" title={words.fixed} />;
  return (
    <Wizard
      key={begun}
      state={state}
      onReload={() => void refresh("tls").then(() => setBegun((before) => before + 1))}
    />
  );
}

/** The way to certificates that every browser trusts, in steps, each of which can be gone back to. */
export function AcmePage() {
  const { data, error, isPending, refetch } = useTls();
  return (
    <SettingsPage
      title={words.title}
      lead={words.lead}
      action={
        <Link className={buttonClass({ kind: "quiet", size: "small" })} to={paths.tls()}>
          {words.leave}
        </Link>
      }
    >
      <Loaded
        of={{ error: data ? null : error, loading: isPending, retry: () => void refetch() }}
        failed={c.loadFailed}
      >
        {data && <Body state={data} />}
      </Loaded>
    </SettingsPage>
  );
}
