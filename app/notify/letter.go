package notify

import (
	"context"

	"unity.internal/store"
)

// A Letter is a mail to one person, about no alert: an invitation, say.
type Letter struct {
	To    string // a plain address
	Title string
	Text  string
}

// maxLook is among how many channels a mail channel is looked for.
const maxLook = 500

// Mail sends a letter at once, through the first mail channel of the first of
// tenants that has one. It reports false if nobody has.
func (s *Service) Mail(ctx context.Context, tenants []store.Tenant, v Letter) (sent bool, err error) {
	for _, t := range tenants {
		channels, err := t.Channels(ctx, store.List{Limit: maxLook})
		if err != nil {
			return false, err
		}
		for _, c := range channels.Items {
			if c.Type == "smtp" && c.Enabled {
				return s.post(ctx, t, c, v)
			}
		}
	}
	return false, nil
}

// post sends a letter through a mail channel, to its own receiver.
func (s *Service) post(ctx context.Context, t store.Tenant, c store.Channel, v Letter) (bool, error) {
	c.Config["to"] = []string{v.To}
	open, _, err := s.channel(ctx, t, c)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	now := s.Now().UTC()
	_, err = open.Send(ctx, Message{Notice: store.Notice{SentAt: now, Key: store.NewID()}, Title: v.Title, Body: v.Text})
	return err == nil, err
}
