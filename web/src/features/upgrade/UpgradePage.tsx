import { api } from "../../api/client";
import type { Job } from "../../api/job";
import { JobDialog } from "../../layout/JobDialog";
import { Loaded } from "../../layout/Loaded";
import { toastProblem } from "../../layout/Problem";
import { SettingsPage } from "../../layout/SettingsPage";
import { u } from "../../locales/upgrade";
import { Button } from "../../ui/Button";
import { closed, underWay } from "./attempt";
import { GoBack } from "./GoBack";
import { Last } from "./Last";
import { State } from "./State";
import { TakeIn } from "./TakeIn";
import type { Report } from "./types";
import { useReport } from "./useReport";

/** Takes in the version that a notice tells of. */
function TakeNewer({ of, onBegun }: { of: NonNullable<Report["newer"]>; onBegun: (job: Job) => void }) {
  const begin = api.useMutation("post", "/api/v1/system/upgrade", {
    onSuccess: onBegun,
    onError: (error) => toastProblem(u.upgradeTo(of.version), error),
  });
  return (
    <Button kind="primary" busy={begin.isPending} onClick={() => begin.mutate({ body: { url: of.url } })}>
      {u.upgradeTo(of.version)}
    </Button>
  );
}

interface BodyProps {
  report: Report;
  onBegun: (job: Job) => void;
}

function Body({ report, onBegun }: BodyProps) {
  const { last, newer, back, blocked } = report;
  const shut = closed(report) !== undefined;
  const state = (
    <State report={report} newer={newer && !shut && <TakeNewer of={newer} onBegun={onBegun} />} />
  );
  if (underWay(last)) return state;
  return (
    <>
      {state}
      {last && <Last of={last} />}
      <TakeIn closed={shut} onBegun={onBegun} />
      {back && <GoBack to={back} closed={blocked !== undefined} onBegun={onBegun} />}
    </>
  );
}

/** Which version runs, what became of the last upgrade, and the way to another version and back. */
export function UpgradePage() {
  const { data, error, isPending, refetch, job, begin, hide } = useReport();
  return (
    <SettingsPage title={u.title} lead={u.lead}>
      <Loaded
        of={{ error: data ? null : error, loading: isPending, retry: () => void refetch() }}
        failed={u.loadFailed}
      >
        {data && <Body report={data} onBegun={begin} />}
      </Loaded>
      {job && <JobDialog job={job} title={u.job} onClose={hide} onDone={hide} />}
    </SettingsPage>
  );
}
