// Names for the shapes of the document that pages speak of.
import type { components, paths } from "./schema";

type Json<R> = R extends { content: { "application/json": infer B } } ? B : never;
type Answer<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202)]> : never;
export type Got<P extends keyof paths> = paths[P] extends { get: infer O } ? Answer<O> : never;

export type Server = Got<"/api/v1/servers/{id}">;
export type ServerReadings = Server["readings"];
export type Alert = Got<"/api/v1/alerts">["items"][number];
export type Snapshot = Got<"/api/v1/servers/{id}/snapshots/{sid}">;
export type Threshold = Got<"/api/v1/thresholds">["items"][number];
export type Dashboard = Got<"/api/v1/system/dashboard">;

type Schemas = components["schemas"];

export type ServerDraft = Schemas["ServerDraftBody"];
export type ServerChange = Schemas["ServerChangeBody"];
export type Stage = Schemas["Stage"];
export type TestResult = Schemas["TestOut"];
export type ImportRow = Schemas["Imported"];
export type Metric = Schemas["Metric"];
export type AlertDetail = Schemas["AlertDetail"];
export type AlertEvent = Schemas["AlertEvent"];
export type Delivery = Schemas["Delivery"];
export type Silence = Schemas["Silence"];
export type Channel = Schemas["Channel"];
export type ChannelKind = Schemas["Kind"];
export type ChannelField = Schemas["Setting"];
export type ThresholdDraft = Schemas["CreateThresholdInBody"];
export type ThresholdChange = Schemas["UpdateThresholdInBody"];
export type Member = Schemas["Person"];
export type UserRow = Schemas["UserRow"];
export type Invitation = Schemas["Invitation"];
export type OneTimeLink = Schemas["OneTimeLink"];
export type TenantRow = Schemas["Tenant"];
export type Usage = Schemas["Used"];
export type UsageKind = Usage["kind"];
export type Content = Schemas["Content"];
export type Provider = Schemas["Provider"];
export type Mapping = Schemas["Mapping"];
export type Trial = Schemas["Trial"];
export type Vault = Schemas["State"];
export type Keyset = Schemas["KeysState"];
export type Cluster = Schemas["Cluster"];
export type ClusterContext = Schemas["Context"];
export type ClusterTest = Schemas["TestReport"];
export type ClusterDraft = Schemas["ClusterDraftBody"];
export type ClusterOffer = Schemas["Offer"];
export type KindState = Schemas["KindState"];
export type ClusterObject = Schemas["ObjectOut"];
