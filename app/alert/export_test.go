package alert

import "context"

// Tick is one round of Run.
func (s *Service) Tick(ctx context.Context) error { return s.tick(ctx) }
