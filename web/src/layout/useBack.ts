import { useEffect, useEffectEvent, useState } from "react";

import { pause } from "./back";

/**
 * Asks, less and less often, until the appliance is back, which is when the answer is not
 * undefined. Returns how often it asked in vain.
 */
export function useBack<Answer>(ask: () => Promise<Answer | undefined>, onBack: (is: Answer) => void) {
  const [asked, setAsked] = useState(0);
  const askOnce = useEffectEvent(ask);
  const leave = useEffectEvent(onBack);
  useEffect(() => {
    let gone = false;
    const timer = setTimeout(async () => {
      const answer = await askOnce();
      if (gone) return;
      if (answer === undefined) setAsked(asked + 1);
      else leave(answer);
    }, pause(asked));
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [asked]);
  return asked;
}
