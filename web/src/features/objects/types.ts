import type { components } from "../../api/schema";
import type { Got } from "../../api/types";

export type Listed = components["schemas"]["ObjectOut"];
export type ObjectStatus = Listed["status"];
export type ObjectsPage = Got<"/api/v1/clusters/objects">;
export type Source = components["schemas"]["Source"];
export type KindState = components["schemas"]["KindState"];
export type Cluster = components["schemas"]["Cluster"];

/** Which object of which cluster. */
export interface Place {
  cluster: string;
  kind: string;
  namespace: string;
  name: string;
}

type Schemas = components["schemas"];
export type ObjectLook = Schemas["ObjectLook"];
export type Ref = Schemas["Ref"];
export type Container = Schemas["ContainerBlock"];
export type Graph = Schemas["Graph"];
export type EventLine = Schemas["EventLine"];
export type Usage = Schemas["ObjectUsage"];
export type Forward = Schemas["Forward"];
