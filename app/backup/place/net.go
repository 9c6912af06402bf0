package place

import (
	"context"
	"net"
	"time"
)

const (
	// patience is how long a small request may take as a whole.
	patience = 28 * time.Second
	// connecting is how long a connection may take to come about.
	connecting = 8 * time.Second
	// silence is how long nothing may move on a connection that is made.
	silence = 20 * time.Second
)

// dial connects to a server. The connection ends itself when it is silent for
// long: whoever waits for an answer then gets an error, however large the file
// is that is under way.
func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: connecting}
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &conn{c}, nil
}

// A conn is a connection on which something must move. Reading and writing
// count for both directions: one side is silent while the other sends.
type conn struct{ net.Conn }

func (c *conn) Read(b []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *conn) Write(b []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
