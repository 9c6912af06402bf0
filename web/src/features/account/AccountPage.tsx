import { useQuery } from "@tanstack/react-query";

import { meQuery } from "../../api/session";
import { Loaded } from "../../layout/Loaded";
import { SettingsPage } from "../../layout/SettingsPage";
import { t } from "../../locales";
import { type Factors, useFactors } from "./factors";
import { Identities } from "./Identities";
import { Passkeys } from "./Passkeys";
import { Password } from "./Password";
import { Preferences } from "./Preferences";
import { SecondFactor } from "./SecondFactor";
import { You } from "./You";

interface ProofsProps {
  factors: Factors;
  username: string;
  /** A second factor is what has to be set up before anything else. */
  second: boolean;
}

function Proofs({ factors, username, second }: ProofsProps) {
  const password = factors.password && <Password username={username} />;
  return (
    <>
      {!second && password}
      <SecondFactor factors={factors} username={username} />
      <Passkeys passkeys={factors.passkeys} username={username} />
      {second && password}
      <Identities />
    </>
  );
}

/** The person who is signed in: who they are, how they prove it, how they like their pages. */
export function AccountPage() {
  const me = useQuery(meQuery()).data;
  const { data: factors, error, isPending, refetch } = useFactors();
  if (!me) return null;
  const held = me.must.length > 0; // what has to be done comes first
  return (
    <SettingsPage title={t.account.title} lead={t.account.lead}>
      {!held && <You me={me} />}
      <Loaded
        of={{ error, loading: isPending, retry: () => void refetch() }}
        failed={t.factors.loadFailed}
        lines={3}
      >
        {factors && (
          <Proofs factors={factors} username={me.user.username} second={me.must.includes("second_factor")} />
        )}
      </Loaded>
      {held && <You me={me} />}
      <Preferences user={me.user} />
    </SettingsPage>
  );
}
