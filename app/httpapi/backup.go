package httpapi

import (
	"context"
	"net/http"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/backup"
	"unity.internal/app/backup/place"
	"unity.internal/store"
)

func (m mux) backup() {
	handle(m, auth.BackupRead, route("getBackup", http.MethodGet, "/backup"), m.getBackup)
	write := auth.BackupWrite
	handle(m, write, route("getBackupSettings", http.MethodGet, "/backup/settings"), m.getBackupSettings)
	handle(m, write, stepUp(route("updateBackupSettings", http.MethodPatch, "/backup/settings")), m.updateBackupSettings)
	handle(m, write, action("tryPlace", "/backup/try"), m.tryPlace)
	handle(m, write, action("askHostKey", "/backup/host-key"), m.askHostKey)
	handle(m, write, action("syncBackup", "/backup/sync"), m.syncBackup)
	handle(m, write, stepUp(action("renewBackup", "/backup/renew")), m.renewBackup)
	handle(m, write, route("listMoments", http.MethodGet, "/backup/points"), m.listMoments)
	handle(m, write, route("listDrills", http.MethodGet, "/backup/drills"), m.listDrills)
	handle(m, write, accepted("startDrill", "/backup/drills"), m.startDrill)
	handle(m, write, accepted("startCopy", "/backup/copies"), m.startCopy)
	handle(m, write, accepted("startPreview", "/backup/restore-preview"), m.startPreview)
	handle(m, write, route("getPreview", http.MethodGet, "/backup/restore-preview"), m.getPreview)
	handle(m, write, route("deletePreview", http.MethodDelete, "/backup/restore-preview"), m.deletePreview)
	handle(m, write, stepUp(accepted("restoreBackup", "/backup/restore")), m.restoreBackup)
	handle(m, write, stepUp(action("releaseBackup", "/backup/release")), m.releaseBackup)
	handle(m, write, stepUp(action("makeKit", "/backup/kit")), m.makeKit)
}

// backupState is how the replica is. Who does not keep it sees no addresses.
type backupState struct {
	backup.Status
	Held      *time.Time      `json:"held_at" nullable:"true" doc:"Since when alerts and schedules are held after a restore"`
	Restored  *store.Restored `json:"restored,omitempty" doc:"What this appliance was restored from last"`
	Kit       *time.Time      `json:"kit_at" nullable:"true" doc:"When the last recovery kit was made"`
	LastDrill *store.Drill    `json:"last_drill,omitempty"`
	Proved    *time.Time      `json:"proved_at" nullable:"true" doc:"When a restore was tried last and went well"`
	DrillDays int             `json:"drill_days"`
	Preview   *time.Time      `json:"preview_at" nullable:"true" doc:"The moment that lies beside the database, to be looked at"`
}

func (m mux) getBackup(ctx context.Context, c Caller, _ *struct{}) (*body[backupState], error) {
	row, err := m.System.Backup(ctx)
	if err != nil {
		return nil, err
	}
	last, passed, err := m.System.LastDrills(ctx)
	v := backupState{
		Status: m.Backup.Status(), Held: row.Held, Restored: row.Restored, Kit: row.Kit, LastDrill: last, DrillDays: row.DrillDays,
	}
	if passed != nil {
		v.Proved = &passed.At
	}
	if p, err := m.Backup.Previewed(); err == nil {
		v.Preview = &p.Moment
	}
	if !c.Holds(auth.BackupWrite) {
		v.URL, v.Instance, v.Error, v.LastDrill, v.Restored, v.Preview = "", "", "", nil, nil, nil
	}
	return &body[backupState]{v}, err
}

func (m mux) getBackupSettings(ctx context.Context, _ Caller, _ *struct{}) (*versioned[backup.ReplicaSettings], error) {
	v, err := m.Backup.Settings(ctx)
	return tagged(v, v.Rev, err)
}

type backupPatch struct {
	IfMatch
	Body struct {
		Replica       Opt[place.Config] `json:"replica,omitzero"`
		ReplicaSecret Opt[string]       `json:"replica_secret,omitzero" maxLength:"20000"`
		RetentionDays Opt[int]          `json:"retention_days,omitzero" minimum:"1" maximum:"365"`
		DrillDays     Opt[int]          `json:"drill_days,omitzero" minimum:"0" maximum:"365"`
		Target        Opt[place.Config] `json:"target,omitzero"`
		TargetSecret  Opt[string]       `json:"target_secret,omitzero" maxLength:"20000"`
		TargetDays    Opt[int]          `json:"target_days,omitzero" minimum:"1" maximum:"365"`
		TargetKeep    Opt[int]          `json:"target_keep,omitzero" minimum:"1" maximum:"365"`
	}
}

func (m mux) updateBackupSettings(ctx context.Context, c Caller, in *backupPatch) (*versioned[backup.ReplicaSettings], error) {
	v, err := m.Backup.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if v.Rev, err = in.rev(); err != nil {
		return nil, err
	}
	b := in.Body
	b.Replica.into(&v.Replica)
	b.ReplicaSecret.into(&v.ReplicaSecret)
	b.RetentionDays.into(&v.RetentionDays)
	b.DrillDays.into(&v.DrillDays)
	b.Target.into(&v.Target)
	b.TargetSecret.into(&v.TargetSecret)
	b.TargetDays.into(&v.TargetDays)
	b.TargetKeep.into(&v.TargetKeep)
	v, err = m.Backup.Update(ctx, m.System.By(c.User, c.From.Address), v)
	return tagged(v, v.Rev, err)
}

type tryPlaceIn struct {
	Body struct {
		Place  place.Config `json:"place"`
		Secret string       `json:"secret,omitempty" maxLength:"20000" writeOnly:"true" doc:"******** for the one that is kept"`
		Target bool         `json:"target,omitempty" doc:"The one that is kept for the second place"`
	}
}

type tried struct {
	OK bool `json:"ok" doc:"A file was written there, read and removed"`
}

func (m mux) tryPlace(ctx context.Context, _ Caller, in *tryPlaceIn) (*body[tried], error) {
	err := m.Backup.Try(ctx, in.Body.Place, in.Body.Secret, in.Body.Target)
	return &body[tried]{tried{err == nil}}, err
}

type hostKeyIn struct {
	Body struct {
		Place place.Config `json:"place"`
	}
}

type offered struct {
	HostKey     string `json:"host_key" doc:"As it is pinned"`
	Fingerprint string `json:"fingerprint" example:"SHA256:…" doc:"To be compared with what the server itself shows"`
}

func (m mux) askHostKey(ctx context.Context, _ Caller, in *hostKeyIn) (*body[offered], error) {
	key, fingerprint, err := place.HostKey(ctx, in.Body.Place)
	return &body[offered]{offered{key, fingerprint}}, err
}

func (m mux) syncBackup(ctx context.Context, c Caller, _ *struct{}) (*body[backupState], error) {
	if err := m.Backup.SyncNow(ctx); err != nil {
		return nil, err
	}
	return m.getBackup(ctx, c, nil)
}

func (m mux) renewBackup(ctx context.Context, c Caller, _ *struct{}) (*body[backupState], error) {
	if err := m.Backup.Renew(ctx, m.System.By(c.User, c.From.Address)); err != nil {
		return nil, err
	}
	return m.getBackup(ctx, c, nil)
}

type momentsIn struct {
	From time.Time `query:"from" doc:"Not before it"`
	To   time.Time `query:"to" doc:"Not after it"`
}

func (m mux) listMoments(ctx context.Context, _ Caller, in *momentsIn) (*body[backup.Moments], error) {
	v, err := m.Backup.Moments(ctx, in.From, in.To)
	return &body[backup.Moments]{v}, err
}

func (m mux) listDrills(ctx context.Context, _ Caller, _ *struct{}) (*body[items[store.Drill]], error) {
	return listed(m.System.Drills(ctx))
}

func (m mux) startDrill(ctx context.Context, c Caller, _ *struct{}) (*body[store.Job], error) {
	j, err := m.Backup.StartDrill(ctx, m.System.By(c.User, c.From.Address))
	return &body[store.Job]{j}, err
}

func (m mux) startCopy(ctx context.Context, c Caller, _ *struct{}) (*body[store.Job], error) {
	j, err := m.Backup.StartCopy(ctx, m.System.By(c.User, c.From.Address))
	return &body[store.Job]{j}, err
}

type previewIn struct {
	Body struct {
		Time     time.Time `json:"time,omitzero" doc:"The newest moment before it"`
		Position string    `json:"position,omitempty" maxLength:"16" doc:"A moment of the list"`
	}
}

func (m mux) startPreview(ctx context.Context, c Caller, in *previewIn) (*body[store.Job], error) {
	j, err := m.Backup.StartPreview(ctx, m.System.By(c.User, c.From.Address), backup.Target{Time: in.Body.Time, Position: in.Body.Position})
	return &body[store.Job]{j}, err
}

func (m mux) getPreview(context.Context, Caller, *struct{}) (*body[backup.Preview], error) {
	v, err := m.Backup.Previewed()
	return &body[backup.Preview]{v}, err
}

func (m mux) deletePreview(context.Context, Caller, *struct{}) (*struct{}, error) {
	return nil, m.Backup.Discard()
}

type restoreIn struct {
	Body struct {
		Preview string `json:"preview" minLength:"1" maxLength:"64" doc:"The id of the preview that was looked at"`
	}
}

func (m mux) restoreBackup(ctx context.Context, c Caller, in *restoreIn) (*struct{}, error) {
	if err := m.Backup.Take(ctx, m.System.By(c.User, c.From.Address), in.Body.Preview); err != nil {
		return nil, err
	}
	m.Restart()
	return nil, nil //nolint:nilnil // 202 without a body
}

func (m mux) releaseBackup(ctx context.Context, c Caller, _ *struct{}) (*body[backupState], error) {
	if err := m.Backup.Release(ctx, m.System.By(c.User, c.From.Address)); err != nil {
		return nil, err
	}
	m.Changed(ctx, store.SystemTenant)
	return m.getBackup(ctx, c, nil)
}
