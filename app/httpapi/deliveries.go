package httpapi

import (
	"context"
	"net/http"

	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) deliveries() {
	handle(m, auth.ChannelsRead, route("listDeliveries", http.MethodGet, "/deliveries"), listDeliveries)
}

type listDeliveriesIn struct {
	Paging
	State   string `query:"state" enum:"queued,sent,failed"`
	Channel string `query:"channel" maxLength:"64" doc:"The id of a channel"`
}

func listDeliveries(ctx context.Context, c Caller, in *listDeliveriesIn) (*body[store.Page[store.Delivery]], error) {
	p, err := c.Tenant.Deliveries(ctx, in.list("newest"), in.State, in.Channel)
	return &body[store.Page[store.Delivery]]{p}, err
}
