import { useState } from "react";

import type { Problem } from "../../api/errors";
import type { SignIn } from "../../api/ways";
import { FirstStep } from "./FirstStep";
import { wayBack } from "./next";
import { SecondStep } from "./SecondStep";
import { takeParams } from "./token";
import { useArrive } from "./useArrive";

/** Who one is, a second proof where one is asked for, then back to where one was going. */
export function SignInPage() {
  const arrive = useArrive();
  const [asked, setAsked] = useState<SignIn>();
  const [why, setWhy] = useState<Problem>();
  const [restored] = useState(() => takeParams("restored")["restored"] ?? "");
  const next = wayBack(location.search);
  const proceed = (answer: SignIn) => {
    if (answer.challenge) setAsked(answer);
    else arrive(answer.user, next);
  };
  if (!asked?.challenge) return <FirstStep next={next} restored={restored} error={why} onAnswer={proceed} />;
  return (
    <SecondStep
      challenge={asked.challenge}
      methods={asked.methods ?? []}
      onAnswer={proceed}
      onBack={(problem) => {
        setWhy(problem);
        setAsked(undefined);
      }}
    />
  );
}
