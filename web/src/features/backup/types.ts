import type { components } from "../../api/schema";

type Schemas = components["schemas"];

export type BackupState = Schemas["BackupState"];
export type ReplicaSettings = Schemas["ReplicaSettings"];
export type Moments = Schemas["Moments"];
export type Moment = Schemas["Moment"];
export type Drill = Schemas["Drill"];
export type Difference = Schemas["Difference"];
export type Preview = Schemas["Preview"];
