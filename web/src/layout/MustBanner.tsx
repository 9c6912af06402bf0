import { useQuery } from "@tanstack/react-query";

import { meQuery } from "../api/session";
import { t } from "../locales";
import { Banner } from "../ui/Banner";

/** Says what has to be done before anything else opens. */
export function MustBanner() {
  const [first] = useQuery(meQuery()).data?.must ?? [];
  if (!first) return null;
  const words = t.layout.must;
  return (
    <div className="px-6 pt-4 max-md:px-4">
      <Banner look="warning" title={first === "password" ? words.password : words.secondFactor}>
        {first === "password" ? words.passwordBody : words.secondFactorBody}
      </Banner>
    </div>
  );
}
