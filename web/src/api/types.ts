// Names for the shapes of the document that pages speak of.
import type { Paths } from "./client";

type Json<R> = R extends { content: { "application/json": infer B } } ? B : never;
type Answer<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202)]> : never;
type Got<P extends keyof Paths> = Paths[P] extends { get: infer O } ? Answer<O> : never;

export type Me = Got<"/api/v1/auth/me">;
export type Server = Got<"/api/v1/servers/{id}">;
export type ServerReadings = Server["readings"];
export type Alert = Got<"/api/v1/alerts">["items"][number];
export type Snapshot = Got<"/api/v1/servers/{id}/snapshots/{sid}">;
export type Threshold = Got<"/api/v1/thresholds">["items"][number];
export type MetricSeries = Got<"/api/v1/servers/{id}/metrics">["series"][number];
export type Dashboard = Got<"/api/v1/system/dashboard">;
