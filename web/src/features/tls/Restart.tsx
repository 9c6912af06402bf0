import { api, request } from "../../api/client";
import { Problem } from "../../api/errors";
import { useMay } from "../../api/may";
import { useBack } from "../../layout/useBack";
import { c } from "../../locales/tls";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { buttonClass } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Status } from "../../ui/mark";

const words = c.restart;
const patience = 20; // asks, more than a minute

/** When the appliance that answers now began. */
export async function startedAt(): Promise<string> {
  const { data } = await request.GET("/api/v1/system", {
    cache: "no-store",
    signal: AbortSignal.timeout(10_000),
  });
  return data?.started_at ?? "";
}

/** True once another one answers, or one that knows nobody here any more. */
async function another(before: string): Promise<true | undefined> {
  try {
    if ((await startedAt()) !== before) return true;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return true;
  }
  return undefined;
}

/** The address of the proxy, if it is another one than this. */
function useElsewhere(): string | undefined {
  const may = useMay("system.write");
  const url = api.useQuery("get", "/api/v1/system/settings", {}, { enabled: may }).data?.public_url;
  return url && url !== location.origin ? url : undefined;
}

interface RestartProps {
  /** When the one that goes had begun. */
  before: string;
  /** It speaks no TLS afterwards, so that it may never answer here again. */
  ended: boolean;
}

/**
 * Waits over the page while the appliance restarts in place and those who are signed in stay
 * so. Then the page is loaded again: nothing of before may stay.
 */
export function Restart({ before, ended }: RestartProps) {
  const elsewhere = useElsewhere();
  const late =
    useBack(
      () => another(before),
      () => location.reload(),
    ) >= patience;
  return (
    <Dialog
      open
      onClose={() => undefined}
      title={words.title}
      lead={ended && location.protocol === "https:" ? words.elsewhere : words.lead}
      foot={
        ended &&
        elsewhere && (
          <a className={buttonClass()} href={elsewhere + paths.tls()}>
            {words.open(elsewhere)}
          </a>
        )
      }
    >
      <p role="status">
        <Status look="running">{words.waiting}</Status>
      </p>
      {late && (
        <Banner look="warning" title={words.late}>
          {words.lateBody}
        </Banner>
      )}
    </Dialog>
  );
}
