import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { FormProblem } from "../../layout/FormProblem";
import { placeFieldNames } from "../../layout/place";
import { PlaceFields } from "../../layout/PlaceFields";
import { t } from "../../locales";
import { b } from "../../locales/backup";
import { Button } from "../../ui/Button";
import { Input } from "../../ui/Field";
import { type Chosen, RescueChoice } from "./RescueChoice";
import { RescueKey } from "./RescueKey";
import {
  type Answers,
  type FoundCopy,
  rescueQuery,
  type Step,
  stepOf,
  steps,
  toBody,
  withPlace,
} from "./answers";

const words = b.rescue;

const leads: Record<Step, { title: string; lead: (found: readonly FoundCopy[]) => string }> = {
  key: { title: words.key, lead: () => words.keyLead },
  place: { title: words.place, lead: () => words.placeLead },
  choose: { title: words.found, lead: ({ length }) => (length > 1 ? words.foundMany : words.foundLead) },
};

function Lead({ step, found }: { step: Step; found: readonly FoundCopy[] }) {
  const { title, lead } = leads[step];
  return (
    <div>
      <p className="text-sm text-faint">{words.steps(steps.indexOf(step) + 1, steps.length)}</p>
      <h2>{title}</h2>
      <p className="text-muted">{lead(found)}</p>
    </div>
  );
}

/** Looks for what the answers open, and starts to bring it back. */
function useRequests(answers: Answers, go: (step: Step) => void, onStart: (moment: string) => void) {
  const queries = useQueryClient();
  const find = api.useMutation("post", "/api/v1/setup/restore/find", {
    onSuccess: () => go("choose"),
    onError: (error) => go(stepOf(error, answers)),
  });
  const start = api.useMutation("post", "/api/v1/setup/restore", {
    onSuccess: (state) => queries.setQueryData(rescueQuery().queryKey, state),
  });
  const found = find.data?.items ?? [];
  const restore = ({ instance, time }: Chosen) => {
    const copy = found.find((each) => each.instance === instance);
    onStart(time ?? copy?.newest ?? "");
    start.mutate({ body: { ...toBody(answers), instance, ...(time && { time }) } });
  };
  return { find, start, found, restore };
}

interface TokenProps {
  answers: Answers;
  error: string | undefined;
  set: (change: Partial<Answers>) => void;
}

function Token({ answers, error, set }: TokenProps) {
  return (
    <Input
      tall
      mono
      required
      label={t.auth.setup.token}
      help={t.auth.setup.tokenHelp}
      error={error}
      value={answers.token}
      onChange={(event) => set({ token: event.target.value })}
    />
  );
}

interface FootProps {
  step: Step;
  busy: boolean;
  onBack: () => void;
}

function Foot({ step, busy, onBack }: FootProps) {
  return (
    <>
      {step === "choose" && <p className="text-sm text-muted">{words.after}</p>}
      <div className="row">
        {step !== "key" && (
          <Button size="large" onClick={onBack}>
            {words.back}
          </Button>
        )}
        <Button className="flex-1" kind="primary" size="large" type="submit" busy={busy}>
          {{ key: words.next, place: words.find, choose: words.start }[step]}
        </Button>
      </div>
    </>
  );
}

/** What is chosen before anybody chooses: the newest moment of all. */
function newestOf(found: readonly FoundCopy[]): Chosen {
  const [first] = [...found].sort((a, other) => (other.newest ?? "").localeCompare(a.newest ?? ""));
  return { instance: first?.instance ?? "", time: undefined };
}

/** The fields of a step that say themselves what is wrong with them. */
const fieldsOf = (step: Step) => (step === "place" ? placeFieldNames("replica") : ["token"]);

interface RescueProps {
  token: string;
  answers: Answers;
  onAnswers: (answers: Answers) => void;
  /** A restore was asked for, to this moment. */
  onStart: (moment: string) => void;
}

/** Brings an appliance back on an empty box: what opens it, where it is, and which moment. */
export function Rescue({ token, answers, onAnswers, onStart }: RescueProps) {
  const [step, setStep] = useState<Step>("key");
  const [chosen, setChosen] = useState<Chosen>();
  const go = (next: Step) => {
    if (next === "place") onAnswers(withPlace(answers));
    setStep(next);
  };
  const { find, start, found, restore } = useRequests(answers, go, onStart);
  const set = (change: Partial<Answers>) => onAnswers({ ...answers, ...change });
  const pick = chosen ?? newestOf(found);
  const problem = find.error ? toProblem(find.error) : undefined;
  const submit = () => {
    if (step === "choose") return restore(pick);
    start.reset();
    setChosen(undefined);
    if (step === "key" && answers.how === "key") return go("place");
    find.mutate({ body: toBody(answers) });
  };
  const back = () => {
    find.reset();
    start.reset();
    setStep(step === "choose" && answers.place ? "place" : "key");
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Lead step={step} found={found} />
      {step === "key" && (
        <>
          {!token && <Token answers={answers} error={problem?.field("token")} set={set} />}
          <RescueKey answers={answers} set={set} />
        </>
      )}
      {step === "place" && answers.place && (
        <PlaceFields
          of="replica"
          token={answers.token}
          value={answers.place}
          onChange={(place) => set({ place })}
          problem={problem}
        />
      )}
      {step === "choose" && <RescueChoice copies={found} chosen={pick} onChange={setChosen} />}
      <FormProblem error={start.error ?? find.error} fields={fieldsOf(step)} />
      <Foot step={step} busy={find.isPending || start.isPending} onBack={back} />
    </form>
  );
}
