import { type ReactNode, useEffect, useEffectEvent, useState } from "react";

import { request } from "../api/client";
import { Problem } from "../api/errors";
import { Banner } from "../ui/Banner";
import { Dialog } from "../ui/Dialog";
import { Status } from "../ui/mark";
import { pause } from "./back";

const patience = 20; // asks, more than a minute

/** When the appliance that answers now began. */
export async function startedAt(): Promise<string> {
  const { data } = await request.GET("/api/v1/system", {
    cache: "no-store",
    signal: AbortSignal.timeout(10_000),
  });
  return data?.started_at ?? "";
}

/** Whether another one answers, or one that knows nobody here any more. */
async function isBack(before: string): Promise<boolean> {
  try {
    return (await startedAt()) !== before;
  } catch (error) {
    return error instanceof Problem && error.status === 401;
  }
}

/** Asks until the appliance is back; how often it asked in vain. */
function useBack(before: string, onBack: () => void): number {
  const [asked, setAsked] = useState(0);
  const leave = useEffectEvent(onBack);
  useEffect(() => {
    let gone = false;
    const timer = setTimeout(async () => {
      const back = await isBack(before);
      if (gone) return;
      if (back) leave();
      else setAsked(asked + 1);
    }, pause(asked));
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [asked, before]);
  return asked;
}

interface RestartDialogProps {
  /** When the one that goes had begun. */
  before: string;
  title: string;
  lead: ReactNode;
  /** What is waited for. */
  waiting: ReactNode;
  /** It takes long: what, and what then. */
  late: string;
  lateBody: ReactNode;
  /** A way on, for who cannot wait here. */
  foot?: ReactNode;
  /** It is back; without it, the page is loaded again: nothing of before may stay. */
  onBack?: () => void;
}

/** Waits over the page while the appliance restarts in place and those who are signed in stay so. */
export function RestartDialog(props: RestartDialogProps) {
  const { before, title, lead, waiting, late, lateBody, foot, onBack = () => location.reload() } = props;
  const long = useBack(before, onBack) >= patience;
  return (
    <Dialog open onClose={() => undefined} title={title} lead={lead} foot={foot}>
      <p role="status">
        <Status look="running">{waiting}</Status>
      </p>
      {long && (
        <Banner look="warning" title={late}>
          {lateBody}
        </Banner>
      )}
    </Dialog>
  );
}
