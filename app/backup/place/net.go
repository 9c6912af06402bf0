package place

import "time"

// patience is how long a small request may take as a whole.
const patience = 28 * time.Second
