import { type FormEvent, useRef, useState } from "react";

import { api } from "../../api/client";
import { type Problem, toProblem } from "../../api/errors";
import { passkeysWork, type SignIn } from "../../api/ways";
import { Lone } from "../../layout/Lone";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Input } from "../../ui/Field";
import { Or } from "./Or";
import { PasskeyButton } from "./Ways";

const words = t.auth.second;
const digits = 6;

type Method = NonNullable<SignIn["methods"]>[number];

interface CodeFormProps {
  challenge: string;
  recovery: boolean;
  onAnswer: (answer: SignIn) => void;
  onError: (error: Problem) => void;
}

function CodeForm({ challenge, recovery, onAnswer, onError }: CodeFormProps) {
  const [code, setCode] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const answer = api.useMutation("post", "/api/v1/auth/login/code", {
    onSuccess: onAnswer,
    onError: (error) => {
      setCode("");
      field.current?.focus();
      onError(toProblem(error));
    },
  });
  const send = (text: string) => answer.mutate({ body: { challenge, code: text } });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!answer.isPending) send(code.trim());
  };
  const type = (text: string) => {
    if (recovery) return setCode(text);
    const typed = text.replaceAll(/\D/g, "").slice(0, digits);
    setCode(typed);
    if (typed.length === digits && typed !== code && !answer.isPending) send(typed);
  };
  const problem = answer.error ? toProblem(answer.error) : undefined;
  const wrong = problem?.code === "auth.invalid_code";
  return (
    <form className="grid gap-4" onSubmit={submit}>
      <Input
        ref={field}
        tall
        mono
        autoFocus
        required
        label={recovery ? words.recoveryCode : words.code}
        help={recovery ? words.recoveryHelp : words.codeHelp}
        error={wrong ? problem.detail : undefined}
        value={code}
        onChange={(event) => type(event.target.value)}
        {...(recovery
          ? { autoComplete: "off", placeholder: "xxxx-xxxx-xxxx-xxxx" }
          : { autoComplete: "one-time-code", inputMode: "numeric" })}
      />
      {problem && !wrong && <ProblemBanner error={problem} />}
      <Button kind="primary" size="large" type="submit" busy={answer.isPending}>
        {words.submit}
      </Button>
    </form>
  );
}

interface SecondStepProps {
  challenge: string;
  methods: readonly Method[];
  onAnswer: (answer: SignIn) => void;
  /** Leads to the first step: by itself, or because too much time went by. */
  onBack: (why?: Problem) => void;
}

const first = (methods: readonly Method[]): Method =>
  (["totp", "passkey", "recovery"] as const).find((each) => methods.includes(each)) ?? "totp";

/** Is it really them? With a code, a passkey, or a recovery code. */
export function SecondStep({ challenge, methods, onAnswer, onBack }: SecondStepProps) {
  const [method, setMethod] = useState(first(methods));
  const passkey = methods.includes("passkey");
  const fail = (error: unknown) => {
    const problem = toProblem(error);
    if (problem.code === "auth.challenge_expired") onBack(problem);
  };
  const others = methods.filter((each) => each !== method && (each !== "passkey" || passkeysWork()));
  return (
    <Lone page={t.auth.signIn.page} title={words.title} lead={words.leads[method]}>
      {method === "passkey" ? (
        <>
          {!passkeysWork() && <p>{words.noPasskeyHere}</p>}
          <PasskeyButton primary challenge={challenge} onAnswer={onAnswer} onError={fail}>
            {words.passkey}
          </PasskeyButton>
        </>
      ) : (
        <CodeForm
          key={method}
          challenge={challenge}
          recovery={method === "recovery"}
          onAnswer={onAnswer}
          onError={fail}
        />
      )}
      {others.length > 0 && <Or />}
      <div className="grid gap-2">
        {passkey && method !== "passkey" && (
          <PasskeyButton challenge={challenge} onAnswer={onAnswer} onError={fail}>
            {words.passkey}
          </PasskeyButton>
        )}
        {others
          .filter((each) => each !== "passkey")
          .map((each) => (
            <Button key={each} size="large" onClick={() => setMethod(each)}>
              {each === "totp" ? words.useCode : words.useRecovery}
            </Button>
          ))}
        <Button kind="quiet" size="large" onClick={() => onBack()}>
          {words.back}
        </Button>
      </div>
    </Lone>
  );
}
