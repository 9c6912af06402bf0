package place

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// partSize is the size from which on an object is sent in parts: S3 allows
// 10,000 of them, which makes 80 GB.
const partSize = 8 << 20

// written is the metadata in which Litestream keeps when a file was written.
const written = "litestream-timestamp"

// bucket keeps everything in a bucket of S3 or of what is like it.
type bucket struct {
	api          *s3.Client
	name, prefix string
	idle         func() // closes the connections that nobody uses
}

// newBucket makes the client. Stores that are not Amazon's get neither
// trailing checksums nor chunked signatures, which many of them do not know.
// Of the environment it knows AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
// AWS_SESSION_TOKEN, AWS_REGION, AWS_DEFAULT_REGION and AWS_CA_BUNDLE. It reads
// no profiles, and asks no machine in a cloud for keys.
func newBucket(u *url.URL, c Config, secret []byte) (*bucket, error) {
	authorities, err := bundle()
	if err != nil {
		return nil, errEnvironment.Because(err)
	}
	var transport atomic.Pointer[http.Transport]
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.DialContext, t.TLSHandshakeTimeout, t.IdleConnTimeout = dial, connecting, idle
		t.TLSClientConfig.RootCAs = authorities
		transport.Store(t)
	})
	cfg := aws.Config{
		HTTPClient: client, Retryer: retryer, Credentials: keys(c, secret),
		// The last is what other stores than Amazon's go by.
		Region: cmp.Or(c.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1"),
	}
	api := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = c.PathStyle
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		}
	})
	return &bucket{api: api, name: u.Host, prefix: strings.Trim(u.Path, "/"), idle: func() {
		if t := transport.Load(); t != nil {
			t.CloseIdleConnections()
		}
	}}, nil
}

// bundle returns the authorities that the environment names instead of those
// that this machine knows; nil: it names none.
func bundle() (*x509.CertPool, error) {
	path := os.Getenv("AWS_CA_BUNDLE")
	if path == "" {
		return nil, nil //nolint:nilnil // those of the machine
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, err
	}
	all := x509.NewCertPool()
	if !all.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("no certificate in %s", path)
	}
	return all, nil
}

// errNoKeys says that there are no keys: it is not the store that refuses.
var errNoKeys = errors.New("neither keys nor any in the environment")

// keys returns those that go with c, or else those of the environment.
func keys(c Config, secret []byte) aws.CredentialsProviderFunc {
	v := aws.Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: strings.TrimSpace(string(secret))}
	if c.AccessKey == "" {
		v = aws.Credentials{
			AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
		}
	}
	return func(context.Context) (aws.Credentials, error) {
		if !v.HasKeys() {
			return v, errNoKeys
		}
		return v, nil
	}
}

// retryer tries again what a moment may mend, but not what took its time already.
func retryer() aws.Retryer {
	return awsretry.NewStandard(func(o *awsretry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = 3, time.Second
		o.Retryables = append([]awsretry.IsErrorRetryable{awsretry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if timedOut(err) {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

func (b *bucket) key(name string) *string { return aws.String(path.Join(b.prefix, name)) }

func (b *bucket) open(ctx context.Context, name string, offset, size int64) (io.ReadCloser, error) {
	in := &s3.GetObjectInput{Bucket: &b.name, Key: b.key(name)}
	if offset > 0 || size > 0 {
		in.Range = aws.String(byteRange(offset, size))
	}
	out, err := b.api.GetObject(ctx, in)
	if code(err) == "InvalidRange" { // beyond the end
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	if err != nil {
		return nil, b.means(err, false)
	}
	return limit(out.Body, size), nil
}

func (b *bucket) read(ctx context.Context, name string) ([]byte, string, error) {
	out, err := b.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: b.key(name)})
	if err != nil {
		return nil, "", b.means(err, false)
	}
	defer out.Body.Close()
	data, err := readSmall(out.Body)
	return data, aws.ToString(out.ETag), err
}

// swap is not tried again by itself: after an answer that got lost, the second
// try would find its own object and call it somebody else's.
func (b *bucket) swap(ctx context.Context, name string, data []byte, tag string) (string, error) {
	in := &s3.PutObjectInput{Bucket: &b.name, Key: b.key(name), Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data)))}
	switch tag {
	case "":
	case Absent:
		in.IfNoneMatch = aws.String("*")
	default:
		in.IfMatch = aws.String(tag)
	}
	out, err := b.api.PutObject(ctx, in, func(o *s3.Options) {
		if tag != "" {
			o.Retryer = aws.NopRetryer{}
		}
	})
	switch c := code(err); {
	case err == nil:
		return aws.ToString(out.ETag), nil
	case c == "PreconditionFailed", c == "ConditionalRequestConflict", c == "NoSuchKey" && tag != "" && tag != Absent:
		return "", ErrChanged
	}
	return "", b.means(err, true)
}

func (b *bucket) create(ctx context.Context, name string, data []byte) error {
	_, err := b.swap(ctx, name, data, Absent)
	if errors.Is(err, ErrChanged) {
		return fs.ErrExist
	}
	return err
}

// put sends small files whole and large ones in parts.
func (b *bucket) put(ctx context.Context, name string, r io.Reader, at time.Time) (int64, error) {
	var meta map[string]string
	if !at.IsZero() {
		meta = map[string]string{written: at.Format(time.RFC3339Nano)}
	}
	var first bytes.Buffer
	n, err := io.CopyN(&first, &during{ctx, r}, partSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if n == partSize {
		n, err := b.sendParts(ctx, name, meta, first.Bytes(), &during{ctx, r})
		return n, b.means(err, true)
	}
	_, err = b.api.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: b.key(name), Body: bytes.NewReader(first.Bytes()), ContentLength: aws.Int64(n), Metadata: meta,
	})
	if err != nil {
		return 0, b.means(err, true)
	}
	return n, nil
}

// list takes what stands before a slash for a directory.
func (b *bucket) list(ctx context.Context, dir string) ([]Entry, error) {
	prefix := path.Join(b.prefix, dir)
	if prefix != "" {
		prefix += "/"
	}
	var all []Entry
	pages := s3.NewListObjectsV2Paginator(b.api, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(prefix), Delimiter: aws.String("/")})
	for pages.HasMorePages() {
		page, err := b.page(ctx, pages)
		if err != nil {
			return nil, b.means(err, false)
		}
		for _, d := range page.CommonPrefixes {
			all = append(all, Entry{Name: path.Base(aws.ToString(d.Prefix)), Dir: true})
		}
		for _, o := range page.Contents {
			if key := aws.ToString(o.Key); key != prefix { // which some consoles make for a directory
				all = append(all, Entry{Name: path.Base(key), Size: aws.ToInt64(o.Size), Time: aws.ToTime(o.LastModified).UTC()})
			}
		}
	}
	return all, nil
}

func (b *bucket) page(ctx context.Context, pages *s3.ListObjectsV2Paginator) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return pages.NextPage(ctx)
}

func (b *bucket) remove(ctx context.Context, name string) error {
	_, err := b.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: b.key(name)})
	return b.means(err, true)
}

func (b *bucket) keepsTimes() bool { return false }

// ltx is as Litestream's client for S3 has it, which differs from all others.
func (b *bucket) ltx(dir string, level int) string { return path.Join(dir, fmt.Sprintf("%04x", level)) }

func (b *bucket) close() error {
	b.idle()
	return nil
}
