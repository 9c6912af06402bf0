package httpapi

import (
	"context"
	"net/http"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/backup"
	"unity.internal/app/backup/place"
)

// A Rescuer restores on a box that nobody has set up yet.
type Rescuer interface {
	// Find returns what a replica holds that the key opens.
	Find(ctx context.Context, ask backup.Ask) ([]backup.Copy, error)
	// Start begins to restore; the appliance restarts when it is done.
	Start(ctx context.Context, ask backup.Ask, instance string, to backup.Target) error
	State() backup.TaskState
}

func (m mux) rescue() {
	handle(m, auth.Public, action("findCopies", "/setup/restore/find"), m.findCopies)
	handle(m, auth.Public, action("askRescueHostKey", "/setup/restore/host-key"), m.askRescueHostKey)
	handle(m, auth.Public, accepted("startRescue", "/setup/restore"), m.startRescue)
	handle(m, auth.Public, route("getRescue", http.MethodGet, "/setup/restore"), m.getRescue)
}

// RescueBody is what a person gives: a recovery kit with its passphrase, or the
// place and the key one by one.
type RescueBody struct {
	Token      string       `json:"token" minLength:"1" maxLength:"200" doc:"From the printed URL, or the file setup-token"`
	Replica    place.Config `json:"replica,omitzero"`
	Secret     string       `json:"replica_secret,omitempty" maxLength:"20000" writeOnly:"true"`
	Key        string       `json:"key,omitempty" maxLength:"1024" writeOnly:"true" doc:"The text of master.key, or the passphrase of the vault"`
	Kit        string       `json:"kit,omitempty" maxLength:"100000" writeOnly:"true" doc:"A recovery kit"`
	Passphrase string       `json:"kit_passphrase,omitempty" maxLength:"1024" writeOnly:"true"`
}

func (b RescueBody) ask() backup.Ask {
	return backup.Ask{Replica: b.Replica, Secret: b.Secret, Key: b.Key, Kit: b.Kit, Passphrase: b.Passphrase}
}

type findIn struct{ Body RescueBody }

func (m mux) findCopies(ctx context.Context, _ Caller, in *findIn) (*body[items[backup.Copy]], error) {
	if err := m.mayRescue(ctx, in.Body.Token); err != nil {
		return nil, err
	}
	return listed(m.Rescue.Find(ctx, in.Body.ask()))
}

type rescueKeyIn struct {
	Body struct {
		Token string       `json:"token" minLength:"1" maxLength:"200"`
		Place place.Config `json:"place"`
	}
}

func (m mux) askRescueHostKey(ctx context.Context, _ Caller, in *rescueKeyIn) (*body[offered], error) {
	if err := m.mayRescue(ctx, in.Body.Token); err != nil {
		return nil, err
	}
	key, fingerprint, err := place.HostKey(ctx, in.Body.Place)
	return &body[offered]{offered{key, fingerprint}}, err
}

// mayRescue lets in who may set the appliance up, while nobody has.
func (m mux) mayRescue(ctx context.Context, token string) error {
	if err := m.mayGuess(clientOf(ctx)); err != nil {
		return err
	}
	if there, err := m.System.HasUsers(ctx); err != nil || there {
		if err == nil {
			err = auth.ErrSetupDone
		}
		return err
	}
	return m.Setup.Check(token)
}

type rescueIn struct {
	Body struct {
		RescueBody
		Instance string    `json:"instance,omitempty" maxLength:"64"`
		Time     time.Time `json:"time,omitzero" doc:"The newest moment before it; without it, the newest of all"`
		Position string    `json:"position,omitempty" maxLength:"16"`
	}
}

func (m mux) startRescue(ctx context.Context, _ Caller, in *rescueIn) (*body[backup.TaskState], error) {
	if err := m.mayRescue(ctx, in.Body.Token); err != nil {
		return nil, err
	}
	err := m.Rescue.Start(ctx, in.Body.ask(), in.Body.Instance, backup.Target{Time: in.Body.Time, Position: in.Body.Position})
	return &body[backup.TaskState]{m.Rescue.State()}, err
}

func (m mux) getRescue(context.Context, Caller, *struct{}) (*body[backup.TaskState], error) {
	return &body[backup.TaskState]{m.Rescue.State()}, nil
}
