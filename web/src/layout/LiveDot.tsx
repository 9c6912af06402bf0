import { useLive } from "../api/live";
import { t } from "../locales";
import { Banner } from "../ui/Banner";
import { Button } from "../ui/Button";
import { clock, exact } from "../ui/format";
import { Status } from "../ui/mark";

/** Whether what is on screen is what is. */
export function LiveDot() {
  const { state, since } = useLive();
  if (state === "connecting")
    return (
      <Status look="unknown" className="mx-2 text-sm text-muted">
        {t.layout.live.connecting}
      </Status>
    );
  const live = state === "live";
  return (
    <Status
      look={live ? "ok" : "stale"}
      className="mx-2 text-sm text-muted"
      title={live ? t.layout.live.since(exact(since)) : t.layout.live.lost(exact(since))}
    >
      {live ? t.layout.live.live : t.layout.live.stale}
    </Status>
  );
}

/** Says so when the connection is lost for longer than a moment; what is on screen stays. */
export function LiveBanner() {
  const { state, since, retry } = useLive();
  if (state !== "stale") return null;
  return (
    <div className="px-6 pt-4 max-md:px-4">
      <Banner
        look="down"
        title={t.layout.live.bannerTitle(clock(since, true))}
        action={
          <Button size="small" onClick={retry}>
            {t.layout.live.tryNow}
          </Button>
        }
      >
        {t.layout.live.bannerBody}
      </Banner>
    </div>
  );
}
