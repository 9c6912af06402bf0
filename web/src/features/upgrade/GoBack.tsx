import { useState } from "react";

import { api } from "../../api/client";
import type { Job } from "../../api/job";
import { FormProblem } from "../../layout/FormProblem";
import { u } from "../../locales/upgrade";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Section } from "../../ui/Facts";
import { exact } from "../../ui/format";
import type { Back } from "./types";

const words = u.back;

interface GoBackProps {
  to: Back;
  closed: boolean;
  onBegun: (job: Job) => void;
}

/** Goes back to the version before, and says what that costs. */
export function GoBack({ to, closed, onBegun }: GoBackProps) {
  const [asking, setAsking] = useState(false);
  const { version } = to.version;
  const back = api.useMutation("post", "/api/v1/system/upgrade/back", {
    onSuccess: (job) => {
      setAsking(false);
      onBegun(job);
    },
  });
  return (
    <Section title={words.title}>
      <p className="mb-3 max-w-160 text-muted">{to.message}</p>
      <Button disabled={closed} onClick={() => setAsking(true)}>
        {words.action(version)}
      </Button>
      {asking && (
        <Confirm
          open
          onClose={() => setAsking(false)}
          onConfirm={() => back.mutate({ body: { lose_data: to.loses_data } })}
          title={words.ask(version)}
          lead={words.lead}
          action={words.action(version)}
          typed={to.loses_data ? version : undefined}
          busy={back.isPending}
        >
          {to.loses_data && (
            <Banner look="warning" title={words.loses}>
              {to.since ? words.losesBody(exact(to.since)) : words.losesBare}
            </Banner>
          )}
          <FormProblem error={back.error} />
        </Confirm>
      )}
    </Section>
  );
}
