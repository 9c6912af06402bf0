import { useState } from "react";

import { b } from "../locales/backup";
import { paths } from "../paths";
import { Banner } from "../ui/Banner";
import { buttonClass } from "../ui/Button";
import { exact } from "../ui/format";
import { Status } from "../ui/mark";
import { ask, backAt } from "./back";
import { Lone } from "./Lone";
import { useBack } from "./useBack";

const words = b.restarting;
const patience = 30; // asks, some two minutes

function momentOf(search: string): string {
  const text = new URLSearchParams(search).get("moment") ?? "";
  return Number.isNaN(Date.parse(text)) ? "" : text;
}

/** Leaves with a new page load: nothing of before may stay. */
const leave = (moment: string) => (to: "sign-in" | "unlock") =>
  location.assign(to === "unlock" ? paths.unlock() : paths.signInRestored(moment));

/** Between a restore and the sign-in: waits for the appliance to come back. */
export function RestartingPage() {
  const [moment] = useState(() => momentOf(location.search));
  const late = useBack(() => ask().then(backAt, () => undefined), leave(moment)) >= patience;
  return (
    <Lone page={words.page} title={words.title} lead={moment ? words.lead(exact(moment)) : words.leadBare}>
      <p role="status">
        <Status look="running">{words.waiting}</Status>
      </p>
      {late && (
        <Banner
          look="warning"
          title={words.late}
          action={
            <a className={buttonClass({ size: "small" })} href={paths.overview()}>
              {words.leave}
            </a>
          }
        >
          {words.lateBody}
        </Banner>
      )}
    </Lone>
  );
}
