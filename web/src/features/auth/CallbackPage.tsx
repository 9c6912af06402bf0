import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";

import { Problem, toProblem } from "../../api/errors";
import { comeBack, type SignIn } from "../../api/ways";
import { Lone } from "../../layout/Lone";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { Skeleton } from "../../ui/Empty";
import { ours } from "./next";
import { SecondStep } from "./SecondStep";
import { invitation, takeParams } from "./token";
import { useArrive } from "./useArrive";

const words = t.auth.callback;

// What the provider says itself when it sends somebody back without a proof.
const refused = (error: string, description: string) =>
  new Problem({ status: 0, code: "auth.provider_refused", detail: words.refused(description || error) });

function useAnswer(onAnswer: (answer: SignIn & { next?: string }) => void) {
  const [given] = useState(() =>
    takeParams("code", "state", "error", "error_description", "iss", "session_state"),
  );
  const [problem, setProblem] = useState<Problem>();
  const begun = useRef(false); // a code is good for one try
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    const { code = "", state = "", iss, error, error_description: why = "" } = given;
    if (error) setProblem(refused(error, why));
    else
      comeBack({ code, state, ...(iss && { iss }) }).then(onAnswer, (failed: unknown) =>
        setProblem(toProblem(failed)),
      );
  }, [given, onAnswer]);
  return [problem, setProblem] as const;
}

/** Where an identity provider sends people back to. */
export function CallbackPage() {
  const router = useRouter();
  const arrive = useArrive();
  const [answer, setAnswer] = useState<SignIn & { next?: string }>();
  const next = ours(answer?.next || paths.overview());
  const proceed = (given: SignIn & { next?: string }) => {
    if (given.challenge) return setAnswer(given);
    invitation.forget();
    arrive(given.user, given.next ? ours(given.next) : next);
  };
  const [problem, setProblem] = useAnswer(proceed);
  const back = () => router.history.replace(paths.signIn(next));
  if (answer?.challenge && !problem)
    return (
      <SecondStep
        challenge={answer.challenge}
        methods={answer.methods ?? []}
        onAnswer={proceed}
        onBack={(why) => (why ? setProblem(why) : back())}
      />
    );
  return (
    <Lone page={words.page} title={problem ? words.failed : words.title}>
      {problem ? <ProblemBanner error={problem} /> : <Skeleton label={t.ui.loading} lines={2} />}
      {problem && (
        <Button size="large" onClick={back}>
          {words.back}
        </Button>
      )}
    </Lone>
  );
}
